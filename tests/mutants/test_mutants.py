"""The mutants themselves: that they are what they say, and that those with a reason still exist."""

from __future__ import annotations

from pathlib import Path

import pytest

from streamq.scripts import lua_folder
from tests.lua.rig import Rig
from tests.model.adapted import scripts_from
from tests.mutants.book import read_reasons
from tests.mutants.marks import mark_all, marked
from tests.mutants.rules import all_mutants, mutants_of
from tests.servers import Server

CHECK = """local first = KEYS[1] -- a key
if not first or #ARGV > 200 then return 'NO' end
for i = 1, #ARGV do
  if ARGV[i] == 'x' then redis.call('SET', first, ARGV[i]) else count(first, i) end
end
return tonumber(ARGV[1]) < 3 and 'few' or 'many' -- not more than 9
"""


def test_each_mutant_is_one_small_thing_done_wrong() -> None:
    made = {
        (each.rule, each.apply(CHECK).splitlines()[each.apply(CHECK)[: each.start].count("\n")])
        for each in mutants_of("check.lua", CHECK)
        if each.file == "check.lua"
    }
    assert {
        ("or to and", "if not first and #ARGV > 200 then return 'NO' end"),
        ("no not", "if  first or #ARGV > 200 then return 'NO' end"),
        ("negated", "if not (not first or #ARGV > 200) then return 'NO' end"),
        ("> to >=", "if not first or #ARGV >= 200 then return 'NO' end"),
        ("no check", ""),
        (
            "== to ~=",
            "  if ARGV[i] ~= 'x' then redis.call('SET', first, ARGV[i]) else count(first, i) end",
        ),
        ("no redis", "  if ARGV[i] == 'x' then  else count(first, i) end"),
        ("no count", "  if ARGV[i] == 'x' then redis.call('SET', first, ARGV[i]) else  end"),
        ("3 to 4", "return tonumber(ARGV[1]) < 4 and 'few' or 'many' -- not more than 9"),
    } <= made
    assert not {rule for rule, _ in made} & {"9 to 10", "no tonumber", "no first"}


def test_one_more_is_left_out_only_where_it_is_the_same_number() -> None:
    text = "return 9007199254740992 + 9007199254740991 + 0.5\n"
    rules = {each.rule for each in mutants_of("check.lua", text)}
    assert rules == {"9007199254740991 to 9007199254740992", "0.5 to (0.5 + 1)"}


def test_each_has_a_name_of_its_own_and_those_with_a_reason_are_there() -> None:
    names = [each.key for each in all_mutants(lua_folder())]
    assert len(names) == len(set(names))
    gone = set(read_reasons()) - set(names)
    assert not gone, f"no such mutant any more: {sorted(gone)[:3]}"


def test_reasons_are_blocks_of_mutants_and_what_holds_for_all_of_them(tmp_path: Path) -> None:
    path = tmp_path / "survivors.txt"
    path.write_text(
        "# why\n\na | b | 1 | c\na | b | 2 | c\n    since so\n    and so\n\nd\n    no\n"
    )
    why = "since so and so"
    assert read_reasons(path) == {"a | b | 1 | c": why, "a | b | 2 | c": why, "d": "no"}


def test_a_marked_script_says_each_statement_that_it_runs() -> None:
    said = marked("check.lua", CHECK)
    assert said.startswith("local first = KEYS[1] -- a key\n"), "Python reads that line"
    assert said.count("redis.log(3, '@") == 7
    assert said.count("redis.log(3, its_place)") == 4, (
        "and what would change each condition or value"
    )
    assert said.splitlines()[3].endswith(" count(first, i) end")


@pytest.mark.no_audit("with a broken script")
def test_marked_scripts_do_the_same_and_a_broken_one_does_not(
    server: Server, tmp_path: Path
) -> None:
    rig = Rig(server)
    mark_all(lua_folder(), tmp_path)
    with scripts_from(tmp_path):
        rig.running("a")
        assert rig.retry("a") == ["OK"]
        log = (server.nodes[0].folder / "server.log").read_text()
        assert "@retry.lua#" in log
    text = (lua_folder() / "retry.lua").read_text()
    [broken] = [one for one in mutants_of("retry.lua", text) if one.rule == "no drop_held"]
    (tmp_path / "retry.lua").write_text(broken.apply(text))
    with scripts_from(tmp_path):
        rig.running("b")
        rig.retry("b")
        assert rig.violations()


@pytest.mark.no_audit("a script of its own")
def test_what_is_evaluated_beside_an_expression_hides_none_of_its_names(server: Server) -> None:
    text = "local n, v = 11, 5\nreturn n == 11 and v or nil\n"
    assert server.admin.eval(marked("check.lua", text), 0) == 5
    log = (server.nodes[0].folder / "server.log").read_text()
    assert "~andtoor@" in log
