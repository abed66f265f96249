#include "rarefy/Target/ONNX/ImportONNX.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Diagnostics.h"
#include "gtest/gtest.h"

#define ONNX_ML 1
#define ONNX_NAMESPACE onnx
#include <onnx/onnx_pb.h>

using namespace rarefy;

namespace {

/// A model of one node, and what importing it says.
struct ImportONNX : testing::Test {
  MLIRContext context;
  std::string errors;
  ScopedDiagnosticHandler handler{&context, [&](Diagnostic &diagnostic) {
                                    errors += diagnostic.str() + "\n";
                                  }};
  onnx::ModelProto model;

  ImportONNX() {
    model.set_ir_version(8);
    model.add_opset_import()->set_version(17);
    onnx::GraphProto &graph = *model.mutable_graph();
    onnx::NodeProto &node = *graph.add_node();
    node.set_op_type("Add");
    *node.add_input() = "x";
    *node.add_input() = "w";
    *node.add_output() = "y";
    setType(*graph.add_input(), "x");
    setType(*graph.add_output(), "y");
    onnx::TensorProto &weight = *graph.add_initializer();
    weight.set_name("w");
    weight.set_data_type(onnx::TensorProto::FLOAT);
    weight.add_dims(2);
    weight.add_float_data(1);
    weight.add_float_data(2);
  }

  static void setType(onnx::ValueInfoProto &info, const char *name) {
    info.set_name(name);
    onnx::TypeProto_Tensor &type = *info.mutable_type()->mutable_tensor_type();
    type.set_elem_type(onnx::TensorProto::FLOAT);
    type.mutable_shape()->add_dim()->set_dim_value(2);
  }

  OwningOpRef<ModuleOp> import() {
    std::string bytes = model.SerializeAsString();
    return importONNX(llvm::MemoryBufferRef(bytes, "bytes"), &context);
  }
};

} // namespace

TEST_F(ImportONNX, FromMemory) {
  OwningOpRef<ModuleOp> module = import();
  ASSERT_TRUE(module) << errors;
  auto main = module->lookupSymbol<func::FuncOp>("main");
  ASSERT_TRUE(main);
  EXPECT_EQ(main.getNumArguments(), 1u);
  EXPECT_EQ(main.getNumResults(), 1u);
}

TEST_F(ImportONNX, MissingFile) {
  EXPECT_FALSE(importONNX("no-such-file.onnx", &context));
  EXPECT_EQ(errors, "no-such-file.onnx: No such file or directory\n");
}

TEST_F(ImportONNX, ExternalDataNeedsAFile) {
  onnx::TensorProto &weight = *model.mutable_graph()->mutable_initializer(0);
  weight.clear_float_data();
  weight.set_data_location(onnx::TensorProto::EXTERNAL);
  onnx::StringStringEntryProto &entry = *weight.add_external_data();
  entry.set_key("location");
  entry.set_value("weights.bin");
  EXPECT_FALSE(import());
  EXPECT_EQ(errors, "bytes: initialiser 'w': external data needs a model that "
                    "is a file\n");
}
