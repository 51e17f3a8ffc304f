"""A cheap guess of the language of a post: letters that only one alphabet has, and the small words of each language.

Knows ru uk en de es fr it pt and says None rather than guess: another script, too little evidence, or a tie.
"""

from __future__ import annotations

import re

LANGUAGES = ("ru", "uk", "en", "de", "es", "fr", "it", "pt")
READ_CHARACTERS = 1_000
"""What stands after this many code points is not read."""

_IGNORED = re.compile(r"(?:https?://|www\.)\S+|[@#]\w+")
_CYRILLIC = re.compile(r"[\u0400-\u052f]")
_LATIN = re.compile(r"[a-z\u00df-\u024f]", re.IGNORECASE)
_RUSSIAN_LETTER = re.compile(r"[ыэъё]", re.IGNORECASE)
_UKRAINIAN_LETTER = re.compile(r"[іїєґ]", re.IGNORECASE)
_OTHER_CYRILLIC = re.compile(r"[ўјљњћџѓќѕғқңөұүһә]|ъ(?![еёюя])", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_LEAST = 1.0
"""Evidence below this is none: about one word that no other language has."""
_CLEAR_LEAD = 2.0
"""With this lead in small words, the shapes of the other words are not looked at."""

_WORDS = {
    "uk": """та що це як але для від він вона вони було був була були є не ми ви мені дуже тільки вже ще його її їх
        про після без коли якщо тому чи або щоб треба можна де хто нема немає дякую цей ця ці так ні зі із
        вчора добре тепер все""",
    "ru": """и что это как но для от он она они было был была были есть не мы вы мне очень только уже еще его ее их
        про после без когда если потому или чтобы надо нужно можно где кто нет спасибо этот эта эти так из с все
        вчера""",
    "en": """the and is are was were be been it's i'm don't can't this that these those you your he she they them we
        our my his her its of to for with from not have has had do does did will would can could should about just
        what when where who why how if or but so than then there here out up now get got going all some more very
        at by an on in it as me i a no like good new today tomorrow day love see know think want time make really
        back after first last night still never ever much too only over off into because been am u rt""",
    "de": """der die das und ist nicht ein eine einen einem einer den dem des mit auf für von zu zum zur im am an bei
        aus nach wie auch sich wir ihr sie er es ich du mich dich mir dir uns euch haben habe hat hatte sind war
        waren wird werden wurde noch nur schon aber oder wenn dass weil man mal so als was wer wo warum kein keine
        immer heute morgen jetzt hier da doch sehr mehr viel gut wieder über unter ja nein bin bist kann muss will
        mein meine dein deine sein seine ihre alle alles nichts etwas vor bis durch gegen ohne um in""",
    "es": """el la los las un una unos unas y que de del al en es no se lo le les por para con sin su sus mi mis tu
        tus yo ella ellos nos me te como más pero muy ya si sí también porque cuando donde quien qué cómo este esta
        esto estos estas ese esa eso hay ser soy eres era fue son está están estoy tengo tiene hacer hace todo toda
        todos todas nada algo bien mal hoy mañana ahora siempre nunca así gracias hasta desde entre sobre otra otro
        ni va voy ver día vida mejor solo cada tan usted han ha he jajaja""",
    "fr": """le la les un une des du de et est que qui dans pour pas ne ce cette ces il elle ils elles on nous vous
        je tu me te se lui leur mon ma mes ton ta tes son sa ses notre votre avec sans sur sous par plus mais ou où
        donc car si comme très bien tout tous toute toutes rien aussi même encore déjà être été suis es sont était
        avoir ai as a avez ont avait fait faire va vais peut au aux en y c'est j'ai quand quoi pourquoi merci
        aujourd'hui demain trop ça là ici n'est qu'il qu'on d'un d'une l'on moi toi jamais toujours après avant""",
    "it": """il lo la i gli le un uno una di del della dei delle dello al alla ai alle dal dalla nel nella nei in con
        su sul sulla per tra fra e ed che chi non è sono sei siamo era ho hai ha hanno abbiamo mi ti si ci vi lui lei
        noi voi loro mio mia tuo tua suo sua questo questa questi queste quello quella come più ma anche se perché
        quando dove cosa molto tutto tutti tutte niente bene male oggi domani ora sempre mai già così grazie ancora
        dopo prima solo fare fatto io tu me te o al da c'è un'altra buongiorno ciao qui adesso cui poi essere""",
    "pt": """o a os as um uma uns umas e que de do da dos das no na nos nas em é não se por para pra com sem seu sua
        seus suas meu minha teu tua eu tu você vocês ele ela eles elas nós me te lhe como mais mas muito já também
        porque quando onde quem isso isto este esta esse essa aquele ser sou são era foi está estão estou tem tenho
        ter fazer faz tudo todo toda todos nada bem mal hoje amanhã agora sempre nunca assim obrigado obrigada até
        entre sobre outro outra vai vou só ao aos à pelo pela ver dia vida melhor tô tá kkk kkkk né aqui ainda""",
}
_SHAPES = {
    "en": (re.compile(r"th|wh|ight|\w{3}(?:ing|ed|ly)\b|\w['’](?:s|t|m|re|ll|ve)\b"), 0.5),
    "de": (re.compile(r"[äöüß]|sch|\w{3}(?:ung|ungen|lich|liche|keit|heit|isch|ische|en)\b"), 0.5),
    "es": (re.compile(r"[ñ¿¡]|\w(?:ción|ciones|dad|ndo|ito|ita|illo)\b"), 0.6),
    "fr": (re.compile(r"[œùûêëîï]|\b(?:[jnmtsldc]|qu)['’]\w|\w(?:eau|eux|euse|oir|ment|tion|ait|ée|ées|aux)\b"), 0.5),
    "it": (
        re.compile(
            r"[àèìòù](?!\w)|\b(?:l|d|c|un|dell|all|nell)['’]\w|cch|gli|zz|\w(?:zione|zioni|etto|etta|ità|ando)\b"
        ),
        0.5,
    ),
    "pt": (re.compile(r"[ãõ]|[ln]h[aeiou]|\w(?:ção|ções|dade|ndo|inho|inha|eiro|eira|ei|ou)\b"), 0.5),
}
"""Letters, endings and elisions that are frequent in a language, and what one of them weighs."""


def _weighted() -> dict[str, tuple[tuple[str, float], ...]]:
    """Each small word with the languages that use it; a word of several languages says less for each."""
    users: dict[str, list[str]] = {}
    for language, words in _WORDS.items():
        for word in dict.fromkeys(words.split()):
            users.setdefault(word, []).append(language)
    return {word: tuple((language, 1 / len(found)) for language in found) for word, found in users.items()}


_EVIDENCE = _weighted()


def guess(text: str) -> str | None:
    """The language of a text as a two-letter code, None when unsure."""
    text = _IGNORED.sub(" ", text[:READ_CHARACTERS])
    cyrillic, latin = len(_CYRILLIC.findall(text)), len(_LATIN.findall(text))
    if cyrillic + latin < 3 or 2 * (cyrillic + latin) < sum(map(str.isalpha, text)):
        return None
    text = text.lower()
    votes = dict.fromkeys(LANGUAGES, 0.0)
    for word in _WORD.findall(text):
        for language, weight in _EVIDENCE.get(word, ()):
            votes[language] += weight
    if cyrillic >= latin:
        return _cyrillic(text, votes)
    latin_votes = {language: votes[language] for language in LANGUAGES[2:]}
    if _lead(latin_votes) < _CLEAR_LEAD:
        for language, (shape, weight) in _SHAPES.items():
            latin_votes[language] += weight * len(shape.findall(text))
    return _best(latin_votes)


def _cyrillic(text: str, votes: dict[str, float]) -> str | None:
    if _OTHER_CYRILLIC.search(text):
        return None
    russian = votes["ru"] + 2 * len(_RUSSIAN_LETTER.findall(text))
    ukrainian = votes["uk"] + 2 * len(_UKRAINIAN_LETTER.findall(text))
    if russian == ukrainian:
        # Hardly a Ukrainian sentence does without its own letters.
        return None if _UKRAINIAN_LETTER.search(text) else "ru"
    return "ru" if russian > ukrainian else "uk"


def _lead(votes: dict[str, float]) -> float:
    """By how much the first language is ahead of the second."""
    ranked = sorted(votes.values())
    return ranked[-1] - ranked[-2]


def _best(votes: dict[str, float]) -> str | None:
    language = max(votes, key=votes.__getitem__)
    return language if votes[language] >= _LEAST and _lead(votes) > 0 else None


def of(text: str, *, declared: str | None) -> str | None:
    """The language of a text of which its source declares one: guessed, because declarations are often a default.

    Between Russian and Ukrainian the declaration counts where no letter of the other speaks against it.
    """
    guessed, said = guess(text), primary(declared)
    if (guessed, said) == ("ru", "uk") and not _RUSSIAN_LETTER.search(text.lower()):
        return said
    return guessed or said


def primary(tag: str | None) -> str | None:
    """The language of a declared tag such as `ru-RU`; None for none or nonsense."""
    found = re.match(r"\s*([a-zA-Z]{2,3})(?:[-_]|\s*$)", tag or "")
    return found[1].lower() if found else None
