/* What the tests of the C API share. */
#ifndef RAREFY_TEST_CAPI_EXPECT_H
#define RAREFY_TEST_CAPI_EXPECT_H

#include "rarefy-c/Rarefy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPECT(condition)                                                      \
  do {                                                                         \
    if (!(condition)) {                                                        \
      fprintf(stderr, "%s:%d: expected %s\n", __FILE__, __LINE__, #condition); \
      exit(1);                                                                 \
    }                                                                          \
  } while (0)

static inline RarefyString text(const char *chars) {
  RarefyString string = {chars, strlen(chars)};
  return string;
}

static inline bool equals(RarefyString string, const char *chars) {
  return string.size == strlen(chars) &&
         memcmp(string.data, chars, string.size) == 0;
}

/* Callbacks append to a buffer of this size. */
enum { bufferSize = 4096 };

static inline void append(RarefyString string, void *buffer) {
  size_t used = strlen(buffer);
  snprintf((char *)buffer + used, bufferSize - used, "%.*s\n", (int)string.size,
           string.data);
}

static inline void onDiagnostic(RarefySeverity severity, RarefyString location,
                                RarefyString message, void *buffer) {
  EXPECT(severity == RarefySeverityError || severity == RarefySeverityNote);
  append(location, buffer);
  append(message, buffer);
}

#endif /* RAREFY_TEST_CAPI_EXPECT_H */
