/* Links the C API alone. */

#include "rarefy-c/Rarefy.h"
#include <stdio.h>

int main(void) {
  RarefyString version = rarefyGetVersion();
  printf("%.*s\n", (int)version.size, version.data);
  return 0;
}
