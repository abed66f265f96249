// Normalisation over the last dimensions.

#include "Emit.h"

using namespace rarefy;
using namespace rarefy::frontend;

void frontend::addNormalizationOperators(OperatorTable &table) {}
