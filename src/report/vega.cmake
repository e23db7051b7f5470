# Finds the distribution's Vega (Debian: libjs-vega) and sets FANIN_VEGA_FILES, a list of files in the order in which they
# are loaded, and FANIN_VEGA_NAMES, the names by which they require each other, joined by '|'.
#
# Distributions ship it in one of two ways: one file a module without the file that puts them together (Debian 12), or a
# single vega.min.js. Both need vega-interpreter beside it, without which Vega compiles its expressions with the Function
# constructor, which a content security policy forbids.

set(vega_folders /usr/share/javascript/vega /usr/share/nodejs/vega/build /usr/share/nodejs/vega-interpreter/build
                 /usr/share/javascript/vega-interpreter)
find_file(FANIN_VEGA_INTERPRETER vega-interpreter.min.js PATHS ${vega_folders} NO_DEFAULT_PATH)
find_file(FANIN_VEGA_SINGLE vega.min.js PATHS ${vega_folders} NO_DEFAULT_PATH)
find_path(FANIN_VEGA_MODULES vega-parser.min.js PATHS ${vega_folders} NO_DEFAULT_PATH)

# What charts without maps, trees, forces and word clouds need, each after those that it requires.
set(vega_modules util time format loader statistics dataflow scale canvas scenegraph expression event-selector selections
                 functions transforms view-transforms encode runtime view parser)

set(FANIN_VEGA_FILES "")
set(FANIN_VEGA_NAMES "")
set(missing FALSE)
if(FANIN_VEGA_MODULES)
  foreach(module IN LISTS vega_modules)
    set(file ${FANIN_VEGA_MODULES}/vega-${module}.min.js)
    # Debian 12 names this one file in the singular, although it is required in the plural.
    if(module STREQUAL "selections" AND NOT EXISTS ${file})
      set(file ${FANIN_VEGA_MODULES}/vega-selection.min.js)
    endif()
    if(NOT EXISTS ${file})
      set(missing TRUE)
    endif()
    list(APPEND FANIN_VEGA_FILES ${file})
    list(APPEND FANIN_VEGA_NAMES vega-${module})
  endforeach()
endif()
if(FANIN_VEGA_SINGLE AND (missing OR NOT FANIN_VEGA_MODULES))
  set(FANIN_VEGA_FILES ${FANIN_VEGA_SINGLE})
  set(FANIN_VEGA_NAMES vega)
  set(missing FALSE)
endif()
if(missing OR NOT FANIN_VEGA_FILES OR NOT FANIN_VEGA_INTERPRETER)
  message(FATAL_ERROR "Fanin's report needs Vega (vega.min.js or its modules) and vega-interpreter.min.js in "
                      "/usr/share/javascript/vega; install the package libjs-vega.")
endif()
list(APPEND FANIN_VEGA_FILES ${FANIN_VEGA_INTERPRETER})
list(APPEND FANIN_VEGA_NAMES vega-interpreter)
list(JOIN FANIN_VEGA_NAMES "|" FANIN_VEGA_NAMES)
