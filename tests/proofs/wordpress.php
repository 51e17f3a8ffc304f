<?php
// What the proof does to WordPress, through its own code: usage: php wordpress.php FOLDER < order.json
$_SERVER['HTTP_HOST'] = '127.0.0.1'; $_SERVER['REQUEST_URI'] = '/';
require $argv[1] . '/wp-load.php';
$order = json_decode(stream_get_contents(STDIN), true);
global $wpdb;
$like = isset($order['marker']) ? '%' . $wpdb->esc_like($order['marker']) . '%' : '';
$found_post = fn() => (int) $wpdb->get_var(
    $wpdb->prepare("SELECT ID FROM wp_posts WHERE post_status='publish' AND post_content LIKE %s", $like));
$found_comment = fn() => (int) $wpdb->get_var(
    $wpdb->prepare("SELECT comment_ID FROM wp_comments WHERE comment_content LIKE %s", $like));
$said = isset($order['text']) ? wp_slash($order['text']) : '';
switch ($order['do']) {
case 'texts':
    echo json_encode(array_merge(
        $wpdb->get_col("SELECT post_content FROM wp_posts WHERE post_status='publish' AND post_type='post'"),
        $wpdb->get_col("SELECT comment_content FROM wp_comments WHERE comment_approved='1'")));
    break;
case 'publish':
    wp_insert_post(['post_title' => wp_slash($order['title']), 'post_content' => "<p>$said</p>",
        'post_status' => 'publish', 'post_author' => 1]);
    break;
case 'answer':
    wp_insert_comment(['comment_post_ID' => $found_post(), 'comment_author' => 'Guest',
        'comment_author_email' => 'g@example.org', 'comment_content' => $said, 'comment_approved' => 1]);
    break;
case 'edit':
    wp_update_post(['ID' => $found_post(), 'post_content' => "<p>$said</p>"]);
    break;
case 'delete':
    wp_delete_comment($found_comment(), true);
    break;
}
