#!/usr/bin/env python3
"""Compares the includes of src/ and include/fanin/ with the declared dependencies of each folder.

A folder may include itself and the folders in its DEPS of src/<folder>/CMakeLists.txt (with theirs), all of which must
stand to its left in the data's way. Third-party headers that are confined must stay in their folders, and no public
header shows any. Prints each offence as file:line and exits 1; prints nothing when all is well.
"""
import pathlib
import re
import sys

ORDER = ["base", "formats", "random", "data", "model", "reference", "init", "onnx", "engine", "adapt", "probe",
         "train", "compare", "report", "cli"]
CONFINED = {  # header pattern -> places (prefixes under src/) that may include it
    r"jpeglib\.h|png\.h|zip\.h|zlib\.h": ["formats/"],
    r"oneapi/dnnl/|dnnl": ["engine/"],
    r"hwy/": ["random/", "init/simd/", "engine/kernels/"],
    r"google/protobuf/|onnx/": ["onnx/"],
    r"sqlite3\.h": ["compare/"],
    r"Eigen/": ["init/", "adapt/", "probe/"],
    r"CLI/": ["cli/"],
}
THIRD_PARTY = r"jpeglib|png\.h|zip\.h|zlib|dnnl|hwy|google/|sqlite3|Eigen|CLI/|fmt/|nlohmann"


def declared(root):
    deps = {}
    for folder in ORDER:
        listing = root / "src" / folder / "CMakeLists.txt"
        if not listing.exists():
            continue
        text = listing.read_text()
        found = re.search(r"DEPS\s+([^)A-Z]*)", text)
        deps[folder] = found.group(1).split() if found else []
    return deps


def closure(folder, deps):
    seen = set()
    todo = [folder]
    while todo:
        current = todo.pop()
        if current not in seen:
            seen.add(current)
            todo.extend(deps.get(current, []))
    return seen


def main():
    root = pathlib.Path(__file__).resolve().parent.parent
    deps = declared(root)
    offences = []
    for folder, wanted in deps.items():
        for other in wanted:
            if other not in ORDER or ORDER.index(other) >= ORDER.index(folder):
                offences.append(f"src/{folder}/CMakeLists.txt: DEPS {other} does not stand to the left of {folder}")
    places = [(path, path.relative_to(root / "src"), False) for path in sorted((root / "src").rglob("*"))]
    places += [(path, path.relative_to(root / "include/fanin"), True)
               for path in sorted((root / "include/fanin").rglob("*.h"))]
    for path, relative, public in places:
        if path.suffix not in (".h", ".cpp") or len(relative.parts) < 2:
            continue
        folder = relative.parts[0]
        allowed = closure(folder, deps)
        for number, line in enumerate(path.read_text().splitlines(), 1):
            found = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
            if not found:
                continue
            header = found.group(2)
            where = f"{path.relative_to(root)}:{number}"
            target = re.match(r"(?:fanin/)?(\w+)/", header)
            if found.group(1) == '"' and target and target.group(1) in ORDER and target.group(1) not in allowed:
                offences.append(f"{where}: {folder} includes {header}, which its DEPS do not allow")
            if public and re.search(THIRD_PARTY, header):
                offences.append(f"{where}: a public header shows {header}")
            for pattern, homes in CONFINED.items():
                if found.group(1) == "<" and re.match(pattern, header) and not any(
                        str(relative).startswith(home) for home in homes):
                    offences.append(f"{where}: {header} is confined to src/{' and src/'.join(homes)}")
    for offence in offences:
        print(offence)
    return 1 if offences else 0


if __name__ == "__main__":
    sys.exit(main())
