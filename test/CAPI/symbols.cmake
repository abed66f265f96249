# Fails if LIBRARY shows a symbol that is not the C API's, or none at all.
execute_process(COMMAND ${NM} -D --defined-only --format=just-symbols ${LIBRARY}
  OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "[^\n]+" symbols "${symbols}")
list(LENGTH symbols count)
if(count LESS 20)
  message(FATAL_ERROR "expected at least 20 symbols, found ${count}")
endif()
list(FILTER symbols EXCLUDE REGEX "^rarefy[A-Z]")
if(symbols)
  message(FATAL_ERROR "not of the C API: ${symbols}")
endif()
