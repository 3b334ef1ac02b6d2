# SPDX-License-Identifier: Apache-2.0
"""Includes go downward, and each library stays in the files that are meant to know it."""

import os
import re

import tree

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.M)

# Header (or folder of headers) of a library -> where it may be included.  The program that only signs for demos and
# tests, dev, makes its own tokens and is held to the layers alone.
CONFINED = {
    "jwt.h": ["src/jose/"],
    "jansson.h": ["src/jose/"],
    "yaml.h": ["src/base/node"],
    "expat.h": ["src/base/node"],
    "curl/": ["src/oidc/fetch"],
    "llhttp.h": ["src/http/h1"],
    "nghttp2/": ["src/http/h2"],
    "event2/": ["src/oidc/", "src/server/", "src/proxy/", "src/cli/serve"],
    "openssl/": ["src/base/", "src/jose/", "src/oidc/", "src/server/", "src/proxy/"],
}
FREE = ["src/dev/", "tests/"]


def layer_of(path):
    parts = path.split("/")
    return parts[1] if parts[0] in ("src", "include") and len(parts) > 2 and parts[1] in tree.BENEATH else None


def upward(path, line, name):
    layer, wanted = layer_of(path), name.split("/")[0]
    if layer is None or wanted not in tree.BENEATH or "/" not in name:
        return None
    if wanted == layer or wanted in tree.BENEATH[layer]:
        return None
    return f"{path}:{line}: {layer} includes {name}; it may include {layer} and {', '.join(tree.BENEATH[layer]) or 'nothing else'}"


def astray(path, line, name):
    if path.startswith(tuple(FREE)):
        return None
    for library, homes in CONFINED.items():
        if name == library or (library.endswith("/") and name.startswith(library)):
            if not path.startswith(tuple(homes)):
                return f"{path}:{line}: {name} belongs to {', '.join(homes)}"
    return None


def shown(path, line, kind, name):
    """A public header is found by its layer: "jose/key.h"; a bare name is a private header beside the file."""
    if kind == '"' and "/" not in name and os.path.exists(os.path.join(tree.ROOT, "include", layer_of(path) or "", name)):
        return f'{path}:{line}: write "{layer_of(path)}/{name}"'
    return None


def main():
    problems = []
    sources = tree.files(".c", ".h")
    for path in sources:
        source = tree.text(path)
        for match in INCLUDE.finditer(source):
            line, kind, name = source.count("\n", 0, match.start()) + 1, match.group(1), match.group(2)
            found = (upward(path, line, name), astray(path, line, name), shown(path, line, kind, name))
            problems += [problem for problem in found if problem]
    tree.report(problems, f"includes of {len(sources)} files")


main()
