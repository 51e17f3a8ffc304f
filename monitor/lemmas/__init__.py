"""Words to lemmas, in ru uk en de es fr it pt: so that «склад» finds «складе» and "complain" finds "complained".

A lemma here is a key under which the forms of one word agree, not a form to show: the dictionary form (pymorphy3 for
ru and uk, simplemma's tries for the others), for the Latin languages cut by the language's Snowball stemmer, so that
words that stand in no dictionary agree too, and without accents. `lemmatise` gives one key for each word of a text, by
the text's language; `variants` gives every key that a word may have got in any text; `grammar` gives the likely keys of
a word in its text, and what its form says.

Nothing is loaded before it is asked for. The tries are files that `prepare` builds once (`python -m monitor.lemmas`);
without them the first use does it.
"""

from monitor.lemmas.dictionaries import prepare
from monitor.lemmas.grammar import Grammar, grammar, is_own_lemma
from monitor.lemmas.keys import VERSION, lemmatise, variants

__all__ = ["VERSION", "Grammar", "grammar", "is_own_lemma", "lemmatise", "prepare", "variants"]
