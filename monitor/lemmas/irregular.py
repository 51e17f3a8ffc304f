"""Irregular forms that the dictionaries lack or lead to another word, by language; spelt without accents.

Found by going through the irregular verbs, nouns and adjectives of each language. Left out on purpose are forms that
are more often a noun of their own (Italian vino, prodotto, chiese), because a word of a text gets one lemma.
"""

from __future__ import annotations

from typing import Final

_TABLES: Final = {
    "en": """bad: worse worst; wife: wives; shelf: shelves; thief: thieves; half: halves; leaf: leaves; loaf: loaves;
        life: lives; calf: calves; person: people; go: gone; think: thought; feel: felt; leave: left; break: broke;
        shake: shook""",
    "de": """stehen: gestanden; denken: gedacht; verlieren: verloren; brechen: brach; fahren: gefahren;
        essen: gegessen; bieten: geboten""",
    "es": """saber: supe; decir: dicho; hacer: hecho; poner: puesto; romper: roto; escribir: escrito;
        cubrir: cubierto; morir: muerto; ver: visto; mentir: miente; caber: cupo; freir: frito; imprimir: impreso""",
    "fr": """ecrire: ecrit ecrite ecrits ecrites; rendre: rendu rendue rendus rendues; ouvrir: ouvert ouverte ouverts
        ouvertes; couvrir: couvert couverte; croire: cru; plaindre: plains plaint; eteindre: eteint eteinte;
        cuire: cuit cuite; resoudre: resolu resolue; suivre: suivi suivie; vivre: vecu; bon: meilleur meilleure""",
    "it": """dire: detto detta detti dette; scrivere: scritto scritta scritti scritte; leggere: lesse;
        perdere: perso persa persi perse; aprire: aperto aperta aperti aperte; coprire: coperto coperta;
        chiudere: chiuse; dividere: diviso divisa; spendere: speso; piangere: pianto; tradurre: tradotto tradotta;
        sapere: so; buono: migliore migliori; cattivo: peggiore peggiori""",
    "pt": """fazer: feito feita; por: pus ponho; escrever: escrito escrita; abrir: aberto aberta abertos abertas;
        morrer: morto morta; prender: preso presa; eleger: eleito; bom: melhor melhores""",
    "ru": "",
    "uk": "людина: люди людей людям людьми людях; друг: друзі друзів друзям друзями друзях",
}
IRREGULAR: Final = {
    lang: {
        form: lemma
        for line in table.split(";")
        for lemma, _, forms in [line.strip().partition(":")]
        for form in forms.split()
    }
    for lang, table in _TABLES.items()
}
"""Form to lemma, for each language."""
