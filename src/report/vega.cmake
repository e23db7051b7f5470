# Finds the distribution's Vega (Debian: libjs-vega) and sets FANIN_VEGA_FILES, a list of files in the order in which they
# are loaded, and FANIN_VEGA_NAMES, the names by which they require each other, joined by '|'.
#
# Distributions ship it in one of two ways: a single vega.min.js, or (Debian 12) one file a module, without the file that
# puts the modules together. Both need vega-interpreter beside it, without which Vega compiles its expressions with the
# Function constructor, which a content security policy forbids.

set(vega_folders /usr/share/javascript/vega /usr/share/nodejs/vega/build /usr/share/nodejs/vega-interpreter/build
                 /usr/share/nodejs/vega/packages/vega-interpreter/build /usr/share/javascript/vega-interpreter)
find_file(FANIN_VEGA_INTERPRETER vega-interpreter.min.js PATHS ${vega_folders} NO_DEFAULT_PATH)
find_file(FANIN_VEGA_SINGLE vega.min.js PATHS ${vega_folders} NO_DEFAULT_PATH)
find_path(FANIN_VEGA_MODULES vega-parser.min.js PATHS ${vega_folders} NO_DEFAULT_PATH)

# What charts without maps, trees, forces and word clouds need, each after those that it requires.
set(vega_modules util time format loader statistics dataflow scale canvas scenegraph expression event-selector selection
                 functions transforms view-transforms encode runtime view parser)

set(FANIN_VEGA_FILES "")
set(FANIN_VEGA_NAMES "")
if(FANIN_VEGA_SINGLE)
  list(APPEND FANIN_VEGA_FILES ${FANIN_VEGA_SINGLE})
  list(APPEND FANIN_VEGA_NAMES vega)
elseif(FANIN_VEGA_MODULES)
  foreach(module IN LISTS vega_modules)
    list(APPEND FANIN_VEGA_FILES ${FANIN_VEGA_MODULES}/vega-${module}.min.js)
    # The file of this one module is named in the singular; it is required in the plural.
    string(REGEX REPLACE "^selection$" "selections" module ${module})
    list(APPEND FANIN_VEGA_NAMES vega-${module})
  endforeach()
endif()
if(NOT FANIN_VEGA_INTERPRETER OR NOT FANIN_VEGA_FILES)
  message(FATAL_ERROR "Fanin's report needs Vega and its expression interpreter (vega-interpreter.min.js); "
                      "install the package libjs-vega.")
endif()
list(APPEND FANIN_VEGA_FILES ${FANIN_VEGA_INTERPRETER})
list(APPEND FANIN_VEGA_NAMES vega-interpreter)
foreach(file IN LISTS FANIN_VEGA_FILES)
  if(NOT EXISTS ${file})
    message(FATAL_ERROR "Fanin's report needs ${file}, which this libjs-vega does not have.")
  endif()
endforeach()
list(JOIN FANIN_VEGA_NAMES "|" FANIN_VEGA_NAMES)
