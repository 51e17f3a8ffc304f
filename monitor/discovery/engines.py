"""The software of forums, blogs and lists: by which signs it is known, and what it offers to be read. Data only.

Each sign is independent evidence: two that say 0.7 and 0.5 together say 0.85. An offer's entry is spelt as in
sources.yaml; {home} stands for the address at which the software is installed, {page} for the page looked at.
"""

from __future__ import annotations

from typing import Final

from monitor.discovery.offers import FIRST_POSTS, MAY_BE_OFF, Engine, Offer, Sign

_PHP_HOME: Final = r'(?:href|action)="([^"?#]*?)(?:index|viewforum|viewtopic|search|memberlist)\.php'

ENGINES: Final[tuple[Engine, ...]] = (
    Engine(
        name="wordpress",
        signs=(
            Sign("generator", r"^wordpress\b", 0.95),
            Sign("header", r"^link: .*api\.w\.org", 0.95),
            Sign("markup", r'rel="https://api\.w\.org/"', 0.9),
            Sign("markup", r"/wp-(?:content|includes)/", 0.5),
        ),
        home=r"^link: <([^>]*?)(?:wp-json|index\.php|\?rest_route)[^>]*>[^\n]*api\.w\.org"
        r'|<link[^>]+rel="https://api\.w\.org/"[^>]+href="([^"]*?)(?:wp-json|index\.php|\?rest_route)',
        offers=(
            Offer(entry={"recipe": "wordpress", "url": "{home}"}, why="WordPress: its posts", worth=0.98),
            Offer(
                entry={"recipe": "wordpress_comments", "url": "{home}"},
                suffix="comments",
                why="WordPress: its comments",
                worth=0.97,
            ),
            Offer(
                entry={"recipe": "wordpress", "url": "{home}", "api": "?rest_route=/wp/v2/posts&"},
                why="WordPress without speaking addresses: its posts",
                sign=r"rest_route=/",
                worth=0.99,
            ),
            Offer(
                entry={"recipe": "wordpress_comments", "url": "{home}", "api": "?rest_route=/wp/v2/comments&"},
                suffix="comments",
                why="WordPress without speaking addresses: its comments",
                sign=r"rest_route=/",
                worth=0.985,
            ),
            Offer(entry={"kind": "feed", "url": "{home}feed/"}, why="WordPress: the feed of its posts", worth=0.85),
            Offer(
                entry={"kind": "feed", "url": "{home}comments/feed/"},
                suffix="comments",
                why="WordPress: the feed of its comments",
                worth=0.84,
            ),
        ),
    ),
    Engine(
        name="flaskbb",
        signs=(
            Sign("markup", r'class="[^"]*\bflaskbb-(?:layout|header|breadcrumb)\b', 0.85),
            Sign("markup", r"forum software written in flask", 0.6),
            Sign("markup", r"flaskbb", 0.3),
        ),
        offers=(
            Offer(
                entry={"recipe": "flaskbb", "url": "{page}"},
                why="FlaskBB: the topics of a forum with their posts",
                page=r"/forum/\d+[^/?#]*$",
            ),
        ),
    ),
    Engine(
        name="discourse",
        signs=(
            Sign("generator", r"^discourse\b", 0.97),
            Sign("header", r"^x-discourse-route:", 0.9),
            Sign("markup", r"data-discourse-setup|discourse-base-uri|discourse-cdn|id=\"data-discourse", 0.8),
            Sign("cookie", r"^_forum_session$", 0.5),
        ),
        home=r'<meta name="discourse-base-uri" content="([^"]+)"',
        offers=(
            Offer(entry={"kind": "discourse", "url": "{home}"}, why="Discourse: the newest posts of the whole site"),
            Offer(entry={"kind": "feed", "url": "{home}posts.rss"}, why="Discourse: the feed of all posts", worth=0.8),
            Offer(
                entry={"kind": "feed", "url": "{home}latest.rss"},
                why="Discourse: the feed of topics",
                worth=0.6,
                lacks=(FIRST_POSTS,),
            ),
        ),
    ),
    Engine(
        name="xenforo2",
        signs=(
            Sign("markup", r"<html[^>]+id=\"xf\"", 0.95),
            Sign("markup", r"data-xf-init=", 0.5),
            Sign("cookie", r"^xf_(?:csrf|session)$", 0.9),
        ),
        home=r'href="([^"]*?)css\.php\?css=public',
        offers=(
            Offer(
                entry={"recipe": "xenforo2", "url": "{page}"},
                why="XenForo 2: the threads of a forum with their posts",
                page=r"/forums/(?!-/)[^/?#]+\.\d+/?$|[?&]forums/[^&/]+\.\d+/?$|/whats-new/posts/?$",
            ),
            Offer(
                entry={"recipe": "xenforo2", "url": "{home}"},
                why="XenForo 2: the new posts of the whole board",
                worth=0.85,
            ),
            Offer(
                entry={"kind": "feed", "url": "{home}forums/-/index.rss"},
                why="XenForo 2: the feed of all forums",
                worth=0.7,
                lacks=(FIRST_POSTS,),
            ),
        ),
    ),
    Engine(
        name="phpbb3",
        signs=(
            Sign("cookie", r"^phpbb3?_\w+_(?:u|k|sid)$", 0.9),
            Sign("markup", r'<body[^>]+id="phpbb"', 0.95),
            Sign("markup", r"powered by <a[^>]+phpbb\.com", 0.6),
            Sign("markup", r"styles/prosilver/", 0.8),
        ),
        home=_PHP_HOME,
        offers=(
            Offer(entry={"recipe": "phpbb3_feed", "url": "{home}"}, why="phpBB 3: the feed of all posts", worth=0.95),
            Offer(
                entry={"recipe": "phpbb3", "url": "{page}"},
                why="phpBB 3: the topics of a forum with their posts",
                page=r"viewforum\.php\?(?:[^#]*&)?f=\d+",
                worth=0.9,
            ),
            Offer(
                entry={"recipe": "phpbb3", "url": "{home}"}, why="phpBB 3: the active topics of the board", worth=0.88
            ),
        ),
    ),
    Engine(
        name="phpbb2",
        signs=(
            Sign("cookie", r"^phpbb2\w*_(?:data|sid)$", 0.9),
            Sign("markup", r"templates/subsilver/", 0.85),
            Sign("markup", r'class="(?:bodyline|topictitle|forumline)"', 0.5),
        ),
        home=_PHP_HOME,
        offers=(
            Offer(
                entry={"recipe": "phpbb2", "url": "{page}"},
                why="phpBB 2: the topics of a forum with their posts",
                page=r"viewforum\.php\?(?:[^#]*&)?f=\d+",
            ),
        ),
    ),
    Engine(
        name="vbulletin5",
        signs=(
            Sign("generator", r"^vbulletin 5", 0.97),
            Sign("markup", r'class="[^"]*\bb-post(?:__|-)\w', 0.6),
            Sign("markup", r'data-node-id="\d+"', 0.4),
        ),
        home=r'<base href="([^"]+)"',
        offers=(
            Offer(
                entry={"recipe": "vbulletin5", "url": "{page}"},
                why="vBulletin 5: the topics of a forum with their posts",
            ),
            Offer(
                entry={"kind": "feed", "url": "{home}external?type=rss2"},
                why="vBulletin 5: its feed",
                worth=0.6,
                lacks=(FIRST_POSTS,),
            ),
        ),
    ),
    Engine(
        name="vbulletin4",
        signs=(
            Sign("generator", r"^vbulletin 4", 0.97),
            Sign("markup", r'id="(?:postlist|threadlist|forumdisplaycontent)"', 0.5),
            Sign("markup", r"vbulletin_(?:global|core|md5)\.js\?v=4", 0.8),
            Sign("cookie", r"^bb_(?:lastvisit|lastactivity|sessionhash)$", 0.3),
        ),
        home=r'<base href="([^"]+?)"|href="([^"]*?)external\.php',
        offers=(
            Offer(
                entry={"recipe": "vbulletin4", "url": "{page}"},
                why="vBulletin 4: the threads of a forum with their posts",
                page=r"forumdisplay\.php|/forums/\d+|[?&]forums/|/\d+-[^/]+/?$",
            ),
            Offer(
                entry={"kind": "feed", "url": "{home}external.php?type=RSS2"},
                why="vBulletin 4: its feed",
                worth=0.6,
                lacks=(FIRST_POSTS,),
            ),
        ),
    ),
    Engine(
        name="vbulletin3",
        signs=(
            Sign("generator", r"^vbulletin 3", 0.97),
            Sign("markup", r"clientscript/vbulletin_\w+\.js\?v=3", 0.85),
            Sign("markup", r'id="td_threadtitle_\d+|class="tborder"', 0.45),
            Sign("cookie", r"^bb(?:lastvisit|lastactivity|sessionhash)$", 0.7),
        ),
        home=r'href="([^"]*?)(?:external|forumdisplay|showthread)\.php',
        offers=(
            Offer(
                entry={"recipe": "vbulletin3", "url": "{page}"},
                why="vBulletin 3: the threads of a forum with their posts",
                page=r"forumdisplay\.php\?(?:[^#]*&)?f=\d+",
            ),
            Offer(
                entry={"kind": "feed", "url": "{home}external.php?type=RSS2"},
                why="vBulletin 3: its feed",
                worth=0.6,
                lacks=(FIRST_POSTS,),
            ),
        ),
    ),
    Engine(
        name="smf2",
        signs=(
            Sign("markup", r"\bsmf_(?:scripturl|theme_url|default_theme_url|session_id)\s*=", 0.95),
            Sign("markup", r"simplemachines\.org", 0.5),
            Sign("cookie", r"^smfcookie\d+$", 0.9),
        ),
        home=r'smf_scripturl\s*=\s*["\']([^"\']*?)index\.php',
        offers=(
            Offer(entry={"recipe": "smf2", "url": "{home}"}, why="SMF 2: the feed of the newest posts"),
            Offer(
                entry={"kind": "feed", "url": "{home}index.php?action=.xml;type=rss2;sa=recent;limit=100"},
                why="SMF 2: the feed of the newest posts",
                worth=0.85,
            ),
        ),
    ),
    Engine(
        name="mybb",
        signs=(
            Sign("cookie", r"^mybb\[", 0.95),
            Sign("markup", r"powered by <a[^>]+mybb\.com", 0.8),
            Sign("markup", r"jscripts/(?:general|thread)\.js\?ver=|my_post_key\s*=", 0.75),
        ),
        home=r'rootpath\s*=\s*"([^"]+)"|href="([^"]*?)(?:index|forumdisplay|showthread|syndication)\.php',
        offers=(
            Offer(
                entry={"recipe": "mybb", "url": "{page}"},
                why="MyBB: the threads of a forum with their posts",
                page=r"forumdisplay\.php\?(?:[^#]*&)?fid=\d+|/forum-[^/]+\.html$",
            ),
            Offer(entry={"recipe": "mybb", "url": "{home}"}, why="MyBB: the threads of the last day", worth=0.9),
            Offer(
                entry={"kind": "feed", "url": "{home}syndication.php?limit=50"},
                why="MyBB: its feed",
                worth=0.7,
                lacks=(FIRST_POSTS,),
            ),
        ),
    ),
    Engine(
        name="ipb",
        signs=(
            Sign("cookie", r"^ips4_", 0.95),
            Sign("markup", r"data-ips(?:hook|content|template)|data-controller=\"core\.", 0.85),
            Sign("markup", r"ipsapp_front|id=[\"']ipslayout_", 0.85),
            Sign("markup", r"invisioncommunity\.com", 0.4),
        ),
        home=r'baseURL:\s*"((?:https?:)?//[^"]+)"',
        offers=(
            Offer(
                entry={"recipe": "ipb", "url": "{page}"},
                why="Invision Community: the topics of a forum with their posts",
                page=r"/forum/\d+-[^/?#]+/?$",
            ),
        ),
    ),
    Engine(
        name="nodebb",
        signs=(
            Sign("header", r"^x-powered-by: nodebb", 0.97),
            Sign("markup", r"nodebb\.min\.js|/assets/nodebb|\bdata-widget-area=", 0.6),
            Sign("markup", r"\"relative_path\":|component=\"(?:category|topic|post)", 0.5),
        ),
        offers=(
            Offer(entry={"recipe": "nodebb", "url": "{home}"}, why="NodeBB: the newest posts"),
            Offer(
                entry={"kind": "feed", "url": "{home}recentposts.rss"},
                why="NodeBB: the feed of the newest posts",
                worth=0.7,
                lacks=(MAY_BE_OFF,),
            ),
        ),
    ),
    Engine(
        name="flarum",
        signs=(
            Sign("cookie", r"^flarum_session$", 0.95),
            Sign("markup", r"id=\"flarum-(?:content|loading|json-payload)\"", 0.95),
        ),
        home=r'"baseUrl":"([^"]+)"',
        offers=(
            Offer(entry={"recipe": "flarum_posts", "url": "{home}"}, why="Flarum: the newest posts"),
            Offer(
                entry={"recipe": "flarum", "url": "{home}"},
                why="Flarum: the newest discussions",
                worth=0.7,
                lacks=(FIRST_POSTS,),
            ),
        ),
    ),
    Engine(
        name="lemmy",
        signs=(
            Sign("markup", r"window\.isoData\s*=", 0.7),
            Sign("markup", r"join-lemmy\.org", 0.6),
            Sign("header", r"^server: .*lemmy", 0.6),
        ),
        offers=(
            Offer(entry={"recipe": "lemmy", "url": "{home}", "query": "{brand}"}, why="Lemmy: posts that name a brand"),
            Offer(
                entry={"recipe": "lemmy_comments", "url": "{home}", "query": "{brand}"},
                suffix="comments",
                why="Lemmy: comments that name a brand",
                worth=0.98,
            ),
            Offer(
                entry={"kind": "feed", "url": "{home}feeds/all.xml?sort=New"},
                why="Lemmy: the feed of posts",
                worth=0.6,
                lacks=(FIRST_POSTS,),
            ),
        ),
    ),
    Engine(
        name="mastodon",
        signs=(
            Sign("cookie", r"^_mastodon_session$", 0.95),
            Sign("header", r"^server: mastodon", 0.95),
            Sign("markup", r"id=[\"']mastodon[\"']", 0.9),
        ),
        offers=(
            Offer(
                entry={"kind": "mastodon", "url": "{home}", "public": True},
                why="Mastodon: all that is written on the server",
                worth=0.8,
                lacks=("many servers show this only with a token",),
            ),
        ),
    ),
    Engine(
        name="hyperkitty",
        signs=(
            Sign("markup", r"hyperkitty", 0.8),
            Sign("markup", r"/archives/list/[^/\"]+@", 0.6),
        ),
        offers=(
            Offer(
                entry={"kind": "feed", "url": "{page}feed/"},
                why="HyperKitty: the feed of a mailing list",
                page=r"/archives/list/[^/]+@[^/]+/$",
            ),
        ),
    ),
)
