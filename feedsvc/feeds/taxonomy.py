"""Who does what in a podcast: the roles and groups of the Podcast Taxonomy."""

from __future__ import annotations

_GROUPS = {
    "creative direction": "director, assistant director, executive producer, senior producer,"
    " producer, associate producer, development producer, creative director",
    "cast": "host, co-host, guest host, guest, voice actor, narrator, announcer, reporter",
    "writing": "author, editorial director, co-writer, writer, songwriter, guest writer,"
    " story editor, managing editor, script editor, script coordinator, researcher, editor,"
    " fact checker, translator, transcriber, logger",
    "audio production": "studio coordinator, technical director, technical manager,"
    " audio engineer, remote recording engineer, post production engineer",
    "audio post-production": "audio editor, sound designer, foley artist, composer, theme music,"
    " music production, music contributor",
    "administration": "production coordinator, booking coordinator, production assistant,"
    " content manager, marketing manager, sales representative, sales manager",
    "visuals": "graphic designer, cover art designer",
    "community": "social media manager",
    "misc.": "consultant, intern",
    "video production": "camera operator, lighting designer, camera grip, assistant camera",
    "video post-production": "editor, assistant editor",
}
_GROUP_OF: dict[str, str] = {}
for _group, _roles in _GROUPS.items():
    for _role in _roles.split(", "):
        _GROUP_OF.setdefault(_role, _group)  # an editor of texts before one of films


def role_and_group(role: str, group: str) -> dict[str, str]:
    """The attributes of a person; the group of a known role need not be stated.

    Without a role readers take a person for the host, without a group for one of the cast: so a
    role that the taxonomy lacks is kept as it is, and a group that it lacks is left out.
    """
    known = role.lower()
    found = {"role": known if known in _GROUP_OF else role} if role else {}
    stated = group.lower()
    if stated in _GROUPS:
        found["group"] = stated
    elif known in _GROUP_OF:
        found["group"] = _GROUP_OF[known]
    return found
