// Selections from selections, and which of them the device has.

#include "KeptList.h"

using namespace rarefy;
using namespace rarefy::spatten;

Value KeptList::getSelection(Value list, Value places) const {
  if (auto found = selectedFrom.find(places); found != selectedFrom.end())
    return found->second == resolve(list) ? places : Value();
  auto gather = places.getDefiningOp<GatherOp>();
  Value first = gather ? getSelection(list, gather.getSource()) : Value();
  return first ? getSelection(first, gather.getPositions()) : Value();
}

Value KeptList::resolve(Value list) const {
  auto gather = list ? list.getDefiningOp<GatherOp>() : GatherOp();
  Value selection =
      gather ? getSelection(gather.getSource(), gather.getPositions())
             : Value();
  return selection ? selection : list;
}

bool KeptList::isSelection(GatherOp op) const {
  return isSelectedFrom(op.getPositions(), op.getSource());
}

bool KeptList::isSelectedFrom(Value places, Value list) const {
  return getSelection(list, places) != nullptr;
}

bool KeptList::isPlaces(Value list) const {
  while (auto gather = list.getDefiningOp<GatherOp>())
    list = gather.getSource();
  return selectedFrom.contains(list);
}

void KeptList::select(Value places, Value list) {
  pending = places;
  if (list)
    selectedFrom[places] = resolve(list);
}
