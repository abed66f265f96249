// ONNX's protobuf classes, as Debian's headers want to be included.

#ifndef RAREFY_LIB_TARGET_ONNX_PROTOBUF_H
#define RAREFY_LIB_TARGET_ONNX_PROTOBUF_H

#define ONNX_ML 1
#define ONNX_NAMESPACE onnx
#include <onnx/onnx_pb.h>

#endif // RAREFY_LIB_TARGET_ONNX_PROTOBUF_H
