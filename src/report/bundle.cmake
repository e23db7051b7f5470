# cmake -DOUTPUT=... -DFILES=a;b -DNAMES=x|y -P bundle.cmake: puts Vega's files together as JavaScript that defines `vega`
# in the scope where it stands. Each file is a UMD module that would reset the global `vega`; so each becomes a function
# with an `exports` and a `require` of its own, and nothing becomes global.
cmake_minimum_required(VERSION 3.25)
string(REPLACE "|" ";" NAMES "${NAMES}")
set(bundle "const vega = (function () {\nconst loaded = {};\n")
string(APPEND bundle "const require = (name) => { if (!(name in loaded)) throw new Error('no module ' + name); "
                     "return loaded[name]; };\n"
                     "const load = (name, body) => { const exports = {}; body(exports, {}, require, undefined); "
                     "loaded[name] = exports; };\n")
foreach(file name IN ZIP_LISTS FILES NAMES)
  file(READ ${file} text)
  string(REGEX REPLACE "//# sourceMappingURL=[^\n]*" "" text "${text}")
  string(FIND "${text}" "</script" closing)
  string(FIND "${text}" "<!--" comment)
  if(NOT closing EQUAL -1 OR NOT comment EQUAL -1)
    message(FATAL_ERROR "${file} holds text that would end or hide an inline script.")
  endif()
  string(SUBSTRING "${text}" 0 1000 head)  # a UMD module names what it requires at its start
  string(REGEX MATCHALL "require\\(\"[^\"]+\"\\)" required "${head}")
  foreach(call IN LISTS required)
    string(REGEX REPLACE ".*\"(.+)\".*" "\\1" other ${call})
    if(NOT other IN_LIST loaded)
      message(FATAL_ERROR "${file} requires ${other}, which is not in the bundle before it: this Vega is laid out in a way "
                          "that src/report/vega.cmake does not know.")
    endif()
  endforeach()
  list(APPEND loaded ${name})
  string(APPEND bundle "load('${name}', function (exports, module, require, define) {\n${text}\n});\n")
endforeach()
# Single modules keep their transforms apart; the parser looks for them in one table, vega.transforms.
string(APPEND bundle "const all = Object.assign({}, ...Object.values(loaded));\n"
                     "for (const name of ['vega-transforms', 'vega-view-transforms', 'vega-encode'])\n"
                     "  if (name in loaded) Object.assign(all.transforms, loaded[name]);\n"
                     "return all;\n})();\n")
file(WRITE ${OUTPUT} "${bundle}")
