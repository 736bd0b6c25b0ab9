"""Do all includes follow the arrows of docs/architecture.md? The tables there are the only statement of the rules. And
does every room say what it is and what its files are, in a README of its own?

usage: include_directions_test.py    (run by ctest under the name `structure`)
"""

import fnmatch
import pathlib
import re
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]


def read_table(text, *columns):
    """[(words of each column)] of the markdown table that begins with these columns; a word is what is in backticks."""
    rows = []
    inside = False
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if cells[: len(columns)] == list(columns):
            inside = True
        elif inside and not line.startswith("|"):
            break
        elif inside and not set(line) <= set("|-: "):
            rows.append(tuple(re.findall(r"`([^`]+)`", cell) for cell in cells[: len(columns)]))
    if not rows:
        raise ValueError(f"docs/architecture.md has no table | {' | '.join(columns)} |")
    return rows


def with_all_below(rows):
    """{box: itself and everything below}"""
    below = {}
    for box, may in rows:
        below[box] = {box}.union(*(below.get(one, {one}) for one in may))
    return below


def problems_of_order(rows, below):
    found = []
    above = []
    for box, may in rows:
        if box in above:
            found.append(f"table: {box} stands there twice")
        found += [f"table: {box} names {one}, which is not above it" for one in may if one not in above]
        for one in may:
            if any(one != other and one in below.get(other, ()) for other in may):
                found.append(f"table: {box} need not name {one}, another one named includes it")
        above.append(box)
    return found


class Wings:
    """The wings of rooms that have some: src/<room>/<wing>, and `room` for the folder itself, in which a file belongs to
    the row that names it, a public header to the wing that has its source, and everything else to the room's own row."""

    def __init__(self, root, table):
        self.root = root
        self.rows = [(boxes[0], may) for boxes, may, _ in table]
        self.may_include = with_all_below(self.rows)
        self.rooms = {wing.split("/")[0] for wing, _ in self.rows}
        self.row_of_file = {(boxes[0].split("/")[0], stem): boxes[0] for boxes, _, stems in table for stem in stems}
        self.used = set()  # (wing, other wing)

    def wing_of(self, path, room):
        """Of a file below src/<room> or include/dpml/<room>."""
        parts = path.relative_to(self.root).parts
        if parts[0] == "src" and len(parts) > 3:
            return f"{room}/{parts[2]}"
        if (room, path.stem) in self.row_of_file:
            return self.row_of_file[room, path.stem]
        sources = list((self.root / "src" / room).glob(f"*/{path.stem}.cpp"))
        return f"{room}/{sources[0].parent.name}" if sources else room

    def problem_of_include(self, path, included, room):
        if room not in self.rooms:
            return None
        wing, other = self.wing_of(path, room), self.wing_of(included, room)
        self.used.add((wing, other))
        if other in self.may_include.get(wing, ()):
            return None
        return f"{wing} may not include {included.name}, which belongs to {other}"

    def problems(self):
        found = problems_of_order(self.rows, self.may_include)
        for room in sorted(self.rooms):
            folders = {path.parent for path in (self.root / "src" / room).rglob("*.*") if path.suffix in (".h", ".cpp")}
            for folder in sorted(folders - {self.root / "src" / room}):
                wing = folder.relative_to(self.root / "src").as_posix()
                if wing not in self.may_include:
                    found.append(f"table: {wing} is missing")
        for (room, stem), wing in sorted(self.row_of_file.items()):
            public = self.root / "include/dpml" / room / f"{stem}.h"
            if not public.is_file() and not any((self.root / "src" / room).glob(f"{stem}.*")):
                found.append(f"table: {wing} names {stem}, which is no file of {room}")
        unused = [(wing, one) for wing, may in self.rows for one in may if (wing, one) not in self.used]
        return found + [f"table: {wing} does not include {one}" for wing, one in unused]


class Tree:
    """A source tree and the rules stated in it. problems() says, one sentence each, where they differ."""

    def __init__(self, root):
        self.root = pathlib.Path(root)
        text = (self.root / "docs/architecture.md").read_text()
        self.rows = [(rooms[0], may) for rooms, may in read_table(text, "room", "may include")]
        self.outside = [
            (pattern, place)
            for patterns, places in read_table(text, "outside header", "only in")
            for pattern in patterns
            for place in places
        ]
        self.may_include = with_all_below(self.rows)
        self.wings = Wings(self.root, read_table(text, "wing", "may include", "files of the folder itself"))
        self.used_rooms = set()  # (room, other room)
        self.used_outside = set()  # (pattern, place)

    def problems(self):
        found = self.problems_of_table() + self.problems_of_cmake() + self.problems_of_readmes()
        for path in self.sources():
            for number, line in enumerate(path.read_text().splitlines(), 1):
                if re.match(r"\s*#\s*include\b", line):
                    problem = self.problem_of_include(path, line)
                    if problem:
                        found.append(f"{path.relative_to(self.root)}:{number}: {problem}")
        return found + self.problems_of_unused_rules() + self.wings.problems()

    def sources(self):
        for folder in ("include", "src", "tools", "bench"):
            for path in sorted((self.root / folder).rglob("*")):
                if path.suffix in (".h", ".hpp", ".cpp", ".inc", ".c", ".cc"):
                    yield path

    def room_of(self, path):
        parts = path.relative_to(self.root).parts
        if parts[0] == "src":
            return parts[1]
        return self.room_of_header("/".join(parts[1:])) if parts[0] == "include" else parts[0]

    @staticmethod
    def room_of_header(name):
        """The room of dpml/<room>/... or dpml/<room>.h."""
        return name.split("/")[1].removesuffix(".h")

    def problem_of_include(self, path, line):
        match = re.match(r"\s*#\s*include\s*(?:<([^>]+)>|\"([^\"]+)\")", line)
        if not match:
            return f"cannot be read: {line.strip()}"
        name = match[1] or match[2]
        room = self.room_of(path)
        is_public = path.is_relative_to(self.root / "include")
        patterns = {pattern for pattern, _ in self.outside if fnmatch.fnmatchcase(name, pattern)}
        if patterns:
            return self.problem_of_outside_header(path, room, name, patterns, is_public)
        if name.startswith("dpml/"):
            return self.problem_of_public_header(path, room, name)
        if match[1] and not re.search(r"[./]", name):
            return None  # the standard library
        if match[1]:
            return f"{name} is from outside and not in the table"
        if is_public:
            return f'"{name}" is private; a public header includes dpml/... only'
        return self.problem_of_private_header(path, room, name)

    def problem_of_private_header(self, path, room, name):
        """A header in the file's own folder, in the room's, or in a wing: "wing/header.h"."""
        folder = self.root / ("src" if (self.root / "src" / room).is_dir() else "") / room
        found = [place / name for place in (path.parent, folder) if (place / name).is_file()]
        if ".." in name or name.count("/") > 1 or not found:
            return f'"{name}" is not a private header of {room}'
        return self.wings.problem_of_include(path, found[0], room)

    def problem_of_public_header(self, path, room, name):
        other = self.room_of_header(name)
        self.used_rooms.add((room, other))
        if other not in self.may_include.get(room, ()):
            return f"{room} may not include {name}"
        if not (self.root / "include" / name).is_file():
            return f"{name} does not exist"
        return self.wings.problem_of_include(path, self.root / "include" / name, room) if room == other else None

    def problem_of_outside_header(self, path, room, name, patterns, is_public):
        if is_public:
            return f"{name} is from outside, which a public header may not include"
        for place in (room, path.relative_to(self.root).as_posix()):
            fitting = {(pattern, place) for pattern in patterns}.intersection(self.outside)
            if fitting:
                self.used_outside |= fitting
                return None
        return f"{name} may not be included here"

    def problems_of_table(self):
        found = problems_of_order(self.rows, self.may_include)
        rooms = {path.parent.name for path in (self.root / "src").glob("*/CMakeLists.txt")}
        rooms |= {folder for folder in ("tools", "bench") if (self.root / folder).is_dir()}
        rooms |= {self.room_of(path) for path in self.sources()}
        return found + [f"table: {room} is missing or is no room" for room in sorted(rooms ^ set(self.may_include))]

    def problems_of_readmes(self):
        """Rooms have a README, and a README, of a room or of a folder in one, mentions every source file beside it."""
        rooms = [path.parent for path in (self.root / "src").glob("*/CMakeLists.txt")]
        rooms += [self.root / folder for folder in ("tools", "bench") if (self.root / folder).is_dir()]
        inside = [path.parent for path in (self.root / "src").glob("*/*/**/README.md")]
        found = []
        for folder in sorted({*rooms, *inside}):
            place = folder.relative_to(self.root)
            readme = folder / "README.md"
            words = re.findall(r"\w+", readme.read_text()) if readme.is_file() else []
            if not words:
                found.append(f"{place}: a room without a README.md that says what it is")
                continue
            stems = {path.stem for path in folder.iterdir() if path.suffix in (".h", ".cpp")}
            found += [f"{place}/README.md: does not say what {stem} is" for stem in sorted(stems.difference(words))]
        return found

    def problems_of_unused_rules(self):
        unused_rooms = [(room, one) for room, may in self.rows for one in may if (room, one) not in self.used_rooms]
        unused_outside = [rule for rule in self.outside if rule not in self.used_outside]
        return [f"table: {room} does not include {one}" for room, one in unused_rooms] + [
            f"table: {place} does not include {pattern}" for pattern, place in unused_outside
        ]

    def problems_of_cmake(self):
        found = []
        for room, may in self.rows:
            folder = room if room in ("tools", "bench") else f"src/{room}"
            file = self.root / folder / "CMakeLists.txt"
            if not file.is_file():
                continue  # reported as a room that is none
            text = re.sub(r"#.*", "", file.read_text())
            links = set()
            for call in re.findall(r"dpml_room\(([^)]*)\)", text):
                uses = re.search(r"\bUSES\b(.*?)(?=\bSOURCES\b|\bLIBRARIES\b|$)", call, re.S)
                links.update(uses[1].split() if uses else [])
            for call in re.findall(r"target_link_libraries\(\S+([^)]*)\)", text):
                links.update(re.findall(r"\bdpml_(\w+)", call))
            links -= {"compile_options"}
            if links != set(may):
                found.append(f"{folder}/CMakeLists.txt: links {sorted(links)}, the table names {sorted(may)}")
        return found


class IncludeDirections(unittest.TestCase):
    def test_every_include_follows_the_arrows(self):
        tree = Tree(ROOT)
        self.assertGreater(len(list(tree.sources())), 200)
        self.assertEqual([], tree.problems())


SMALL_TREE = {
    "docs/architecture.md": """
| room | may include | holds |
|---|---|---|
| `low` | - | |
| `middle` | `low` | |
| `aside` | `low` | |
| `high` | `middle` | |
| `tools` | `high` | |

| wing | may include | files of the folder itself |
|---|---|---|
| `high/cellar` | - | `wine` |
| `high/attic` | `high/cellar` | |
| `high` | `high/attic` | |

| outside header | only in |
|---|---|
| `hdf5.h` | `low` |
| `google/*`, `*.pb.h` | `src/high/high.cpp` |
""",
    "include/dpml/low/low.h": "#include <vector>\n",
    "include/dpml/middle/middle.h": '#include "dpml/low/low.h"\n',
    "include/dpml/aside.h": '#include "dpml/low/low.h"\n',
    "include/dpml/high/high.h": '#include "dpml/middle/middle.h"\n',
    "src/low/CMakeLists.txt": "dpml_room(low SOURCES low.cpp)\n",
    "src/low/low.cpp": "#include <hdf5.h>\n",
    "src/middle/CMakeLists.txt": "dpml_room(middle\n  SOURCES middle.cpp\n  USES low  # a comment\n  LIBRARIES z)\n",
    "src/middle/private.h": "",
    "src/middle/middle.cpp": '#include "private.h"\n#include "wing/wing.h"\n',
    "src/middle/wing/wing.h": '#include "private.h"\n',
    "src/aside/CMakeLists.txt": "dpml_room(aside USES low SOURCES aside.cpp)\n",
    "src/high/CMakeLists.txt": "dpml_room(high SOURCES high.cpp USES middle)\n",
    "src/high/high.cpp": '#include "dpml/low/low.h"\n#include <google/x.h>\n#include "event.pb.h"\n',
    "include/dpml/high/wine.h": "",
    "include/dpml/high/roof.h": "",
    "src/high/top.h": '#include "attic/attic.h"\n',
    "src/high/cellar/cellar.h": '#include "dpml/high/wine.h"\n',
    "src/high/attic/attic.h": '#include "cellar/cellar.h"\n',
    "src/high/attic/attic.cpp": '#include "attic.h"\n',
    "tools/CMakeLists.txt": "target_link_libraries(dpml_tool PRIVATE dpml_compile_options dpml_high CLI11::CLI11)\n",
    "tools/main.cpp": '#include "dpml/high/high.h"\n',
}

SMALL_TREE |= {
    "src/low/README.md": "What `low` is.\n",
    "src/middle/README.md": "What `middle` and `private.h` are.\n",
    "src/aside/README.md": "What it is.\n",
    "src/high/README.md": "What `high` and `top` are.\n",
    "src/high/attic/README.md": "What `attic` is.\n",
    "tools/README.md": "What `main` is.\n",
}


class Mistakes(unittest.TestCase):
    """Each mistake, put into a small tree without one, is found and named."""

    def problems(self, path=None, text=None, instead_of=None):
        with tempfile.TemporaryDirectory() as folder:
            files = dict(SMALL_TREE)
            if path and instead_of:
                self.assertIn(instead_of, files[path])
                files[path] = files[path].replace(instead_of, text)
            elif path:
                files[path] = files.get(path, "") + text
            for name, content in files.items():
                file = pathlib.Path(folder, name)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(content)
            return Tree(folder).problems()

    def test_a_tree_without_one_has_none(self):
        self.assertEqual([], self.problems())

    def test_includes(self):
        for path, line, expected in [
            ("src/low/low.cpp", '#include "dpml/high/high.h"', "src/low/low.cpp:2: low may not include dpml/high/high.h"),
            ("src/low/low.cpp", "  #  include <dpml/high/high.h>", "low may not include dpml/high/high.h"),
            ("src/high/high.cpp", '#include "dpml/aside.h"', "high may not include dpml/aside.h"),
            ("include/dpml/aside.h", '#include "dpml/middle/middle.h"', "aside may not include dpml/middle/middle.h"),
            ("src/high/high.cpp", '#include "private.h"', "not a private header of high"),
            ("src/high/high.cpp", '#include "../middle/private.h"', "not a private header of high"),
            ("src/high/high.cpp", '#include "wing/wing.h"', "not a private header of high"),
            ("src/middle/wing/wing.h", '#include "../private.h"', "not a private header of middle"),
            ("src/high/high.cpp", '#include "dpml/low/gone.h"', "dpml/low/gone.h does not exist"),
            ("src/high/high.cpp", "#include <hdf5.h>", "hdf5.h may not be included here"),
            ("src/high/other.cpp", "#include <google/x.h>", "google/x.h may not be included here"),
            ("src/low/low.cpp", '#include "event.pb.h"', "event.pb.h may not be included here"),
            ("src/low/low.cpp", "#include <curl.h>", "curl.h is from outside and not in the table"),
            ("src/low/low.cpp", "#include HEADER", "cannot be read"),
            ("include/dpml/low/low.h", "#include <hdf5.h>", "a public header may not include"),
            ("include/dpml/middle/middle.h", '#include "private.h"', "is private"),
            ("src/high/cellar/cellar.h", '#include "attic/attic.h"', "high/cellar may not include attic.h"),
            ("src/high/cellar/cellar.h", '#include "top.h"', "high/cellar may not include top.h, which belongs to high"),
            ("src/high/attic/attic.h", '#include "dpml/high/roof.h"', "high/attic may not include roof.h"),
            ("include/dpml/high/wine.h", '#include "dpml/high/roof.h"', "high/cellar may not include roof.h"),
            ("src/high/attic/attic.cpp", '#include "cellar/gone.h"', "not a private header of high"),
            ("src/high/attic/attic.cpp", '#include "../top.h"', "not a private header of high"),
            ("src/middle/middle.cpp", '#include "attic/attic.h"', "not a private header of middle"),
            ("src/high/shed/shed.cpp", "#include <vector>", "high/shed is missing"),
            ("src/stray/stray.cpp", "#include <vector>", "stray is missing or is no room"),
        ]:
            with self.subTest(line=line):
                found = self.problems(path, line + "\n")
                self.assertTrue(any(expected in problem for problem in found), found)

    def test_a_room_without_a_readme(self):
        for room in ("src/low", "tools"):
            found = self.problems(f"{room}/README.md", "", SMALL_TREE[f"{room}/README.md"])
            self.assertEqual([f"{room}: a room without a README.md that says what it is"], found)

    def test_a_file_that_no_readme_mentions(self):
        for readme, name in (("src/low", "low"), ("src/middle", "private"), ("src/high/attic", "attic"), ("tools", "main")):
            found = self.problems(f"{readme}/README.md", "other", name)
            self.assertEqual([f"{readme}/README.md: does not say what {name} is"], found)
        found = self.problems("src/high/top_floor.h", "")
        self.assertEqual(["src/high/README.md: does not say what top_floor is"], found, "a part of a word is no mention")

    def test_tables_and_links(self):
        table = "docs/architecture.md"
        for path, instead_of, text, expected in [
            (table, "| `low` | - |", "| `low` | `high` |", "low names high, which is not above it"),
            (table, "| `middle` | `low` |", "| `middle` | - |", "middle may not include dpml/low/low.h"),
            (table, "| `tools` | `high` |", "| `tools` | `high`, `low` |", "tools need not name low"),
            (table, "| `high` | `middle` |", "| `high` | `middle`, `aside` |", "high does not include aside"),
            (table, "| `aside` | `low` | |\n", "", "aside is missing"),
            (table, "| `hdf5.h` | `low` |", "| `hdf5.h` | `low`, `high` |", "high does not include hdf5.h"),
            (table, "| `high/cellar` | - |", "| `high/cellar` | `high` |", "names high, which is not above it"),
            (table, "| `high/attic` | `high/cellar` |", "| `high/attic` | - |", "high/attic may not include cellar.h"),
            (table, "| - | `wine` |", "| - | `wine`, `beer` |", "names beer, which is no file of high"),
            (table, "| - | `wine` |", "| - | |", "high/cellar may not include wine.h"),
            ("src/middle/CMakeLists.txt", "USES low", "", "src/middle/CMakeLists.txt: links []"),
            ("src/aside/CMakeLists.txt", "USES low", "USES low middle", "links ['low', 'middle']"),
            ("tools/CMakeLists.txt", "dpml_high", "dpml_low", "tools/CMakeLists.txt: links ['low']"),
        ]:
            with self.subTest(instead=text):
                found = self.problems(path, text, instead_of)
                self.assertTrue(any(expected in problem for problem in found), found)


if __name__ == "__main__":
    unittest.main()
