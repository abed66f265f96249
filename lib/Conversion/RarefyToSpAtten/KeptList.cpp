// Selections from selections, and which of them the device has.

#include "KeptList.h"

using namespace rarefy;
using namespace rarefy::spatten;

Value KeptList::resolve(Value list) const {
  if (auto gather = list ? list.getDefiningOp<GatherOp>() : GatherOp())
    if (selectedFrom.contains(gather.getPositions()))
      return gather.getPositions();
  return list;
}

bool KeptList::isSelection(GatherOp op) const {
  return isSelectedFrom(op.getPositions(), op.getSource());
}

bool KeptList::isSelectedFrom(Value places, Value list) const {
  auto found = selectedFrom.find(places);
  return found != selectedFrom.end() && found->second == resolve(list);
}

void KeptList::select(Value places, Value list) {
  pending = places;
  if (list)
    selectedFrom[places] = resolve(list);
}
