import os

import lit.formats
from lit.llvm import llvm_config

config.name = "rarefy"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.excludes = ["data", "python"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.rarefy_obj_root, "test")
config.substitutions.append(("%python", config.python))
config.substitutions.append(("%src", config.rarefy_src_root))
config.substitutions.append(("%plugin", os.path.join(config.rarefy_obj_root, "lib", "librarefy-plugin.so")))
llvm_config.use_default_substitutions()
llvm_config.add_tool_substitutions(
    ["rarefy-opt", "rarefy-lsp-server", "rarefy-reduce", "mlir-opt", "FileCheck", "not", "split-file"],
    [os.path.join(config.rarefy_obj_root, "bin"), config.llvm_tools_dir],
)
