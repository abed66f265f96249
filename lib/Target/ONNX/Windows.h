// Windows that slide over the spatial dimensions of convolutions and pools. Not
// installed.

#ifndef RAREFY_LIB_TARGET_ONNX_WINDOWS_H
#define RAREFY_LIB_TARGET_ONNX_WINDOWS_H

#include "IndexMath.h"

namespace rarefy::frontend {

/// How a window slides over a [batch, channel, spatial...] tensor.
struct Windows {
  SmallVector<int64_t> kernel, strides, dilations;
  /// Padding of the spatial dimensions as the operator says it.
  Sizes low, high;
  /// Sizes of the input's and the result's spatial dimensions.
  Sizes inputSizes, sizes;

  int64_t rank() const { return kernel.size(); }
  /// The input's position, in padded coordinates, of kernel position `k` of
  /// window `o` along spatial dimension `d`, as an affine expression.
  AffineExpr position(int64_t d, AffineExpr o, AffineExpr k) const {
    return o * strides[d] + k * dilations[d];
  }
};

/// Reads the attributes kernel_shape, strides, dilations, pads, auto_pad and
/// ceil_mode; `kernel` is the default of kernel_shape, empty for none.
FailureOr<Windows> readWindows(Node &node, ArrayRef<int64_t> kernel);
/// Input 0 padded by `fill`, as far as the windows reach.
Value padForWindows(Node &node, const Windows &windows, Value fill);

} // namespace rarefy::frontend

#endif // RAREFY_LIB_TARGET_ONNX_WINDOWS_H
