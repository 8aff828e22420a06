"""The words dates are written with, folded (`clean.fold`): data for `dates.py`.

A word that means two months in two languages (Polish and Croatian `listopad`) has the meaning of
the
language listed here; dateparser, which is told the language, reads the rest.
"""

from __future__ import annotations

# One group per month: German, English, French, Spanish, Italian, Dutch; then Portuguese, Nordic,
# Polish, Czech, Russian. Genitives are what stands in dates.
_MONTHS = """
januar jan janner jaenner january janvier janv enero ene gennaio gen januari janeiro janvar
tammikuuta stycznia sty ledna января янв;
februar feb feber february fevrier fevr fev febrero febbraio febbr februari fevereiro februari
helmikuuta lutego lut unora февраля фев;
marz maerz mrz mar march mars marzo maart mrt marco marts maaliskuuta marca brezna марта мар;
april apr avril avr abril abr aprile huhtikuuta kwietnia kwi dubna апреля апр;
mai may mayo maggio mag mei maio maj toukokuuta maja kvetna мая;
juni jun june juin junio giugno giu junho kesakuuta czerwca cze cervna июня июн;
juli jul july juillet juil julio luglio lug julho heinakuuta lipca lip cervence июля июл;
august aug aout agosto ago augustus augusti elokuuta sierpnia sie srpna августа авг;
september sep sept septembre septiembre setiembre settembre sett set setembro syyskuuta wrzesnia wrz
zari сентября сен сент;
oktober okt october oct octobre octubre ottobre ott outubro out lokakuuta pazdziernika paz rijna
октября окт;
november nov novembre noviembre novembro marraskuuta listopada lis listopadu ноября ноя нояб;
dezember dez december dec decembre diciembre dic dicembre dezembro joulukuuta grudnia gru prosince
декабря дек;
"""

MONTHS = {
    word: number
    for number, words in enumerate(_MONTHS.split(";"), start=1)
    for word in words.split()
}

WEEKDAYS = frozenset(
    """
montag dienstag mittwoch donnerstag freitag samstag sonnabend sonntag mo di mi do fr sa so
monday tuesday wednesday thursday friday saturday sunday mon tue tues wed weds thu thur thurs fri
sat sun
lundi mardi mercredi jeudi vendredi samedi dimanche lun mar mer jeu ven sam dim
lunes martes miercoles jueves viernes sabado domingo mie jue vie sab dom
lunedi martedi mercoledi giovedi venerdi domenica gio
maandag dinsdag woensdag donderdag vrijdag zaterdag zondag ma wo vr za zo
segunda-feira terca-feira quarta-feira quinta-feira sexta-feira segunda terca quarta quinta sexta
mandag tirsdag onsdag torsdag fredag lordag sondag mandagen tisdag lordagen
poniedzialek wtorek sroda czwartek piatek sobota niedziela
понедельник вторник среда четверг пятница суббота воскресенье пн вт ср чт пт сб вс
""".split()
)

# Words that may open a date and say nothing of it: "Veröffentlicht am", "mis à jour le", "bis zum".
LEADS = frozenset(
    """
datum stand veroffentlicht veroeffentlicht publiziert erschienen aktualisiert geandert geaendert
zuletzt letzte
anderung aenderung vom am den der dem zum bis ab seit
date dated published posted updated modified last on the until
publie mis mise a jour le la du
fecha publicado publicada actualizado actualizada el dia hasta
data pubblicato pubblicata aggiornato aggiornata il fino al
gepubliceerd geplaatst bijgewerkt op de tot
publicerad uppdaterad publiceret opdateret opublikowano
""".split()
)

# Hours east of Greenwich; a name is the zone of a place where an offset alone would miss its
# summer time. Where two countries share a letter code, the one more texts mean.
ZONES: dict[str, float | str] = {
    "z": 0, "utc": 0, "ut": 0, "gmt": 0, "wez": 0, "wet": 0,
    "bst": 1, "wesz": 1, "west": 1, "cet": 1, "mez": 1, "met": 1,
    "cest": 2, "mesz": 2, "mest": 2, "eet": 2, "oez": 2, "sast": 2,
    "eest": 3, "oesz": 3, "msk": 3, "ist": 5.5, "pkt": 5, "sgt": 8, "hkt": 8, "awst": 8,
    "jst": 9, "kst": 9, "acst": 9.5, "aest": 10, "acdt": 10.5, "aedt": 11, "nzst": 12, "nzdt": 13,
    "brt": -3, "art": -3, "nst": -3.5, "ndt": -2.5, "ast": -4, "adt": -3,
    "est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7,
    "akst": -9, "akdt": -8, "hst": -10,
    "et": "America/New_York", "ct": "America/Chicago",
    "mt": "America/Denver", "pt": "America/Los_Angeles",
}  # fmt: skip
