import os

import lit.formats
from lit.llvm import llvm_config

config.name = "rarefy"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.excludes = ["data", "python", "Install"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.rarefy_obj_root, "test")
config.substitutions.append(("%python", config.python))
config.substitutions.append(("%src", config.rarefy_src_root))
config.substitutions.append(("%plugin", os.path.join(config.rarefy_obj_root, "lib", "librarefy-plugin.so")))
# The ops' definition, run with as few passes as it takes, and the CPU pipeline.
definition = (
    "rarefy-decompose,func.func(convert-elementwise-to-linalg),"
    "one-shot-bufferize{bufferize-function-boundaries},"
    "buffer-deallocation-pipeline,convert-bufferization-to-memref,"
    "func.func(convert-linalg-to-loops),expand-strided-metadata,lower-affine,"
    "convert-scf-to-cf,convert-math-to-libm,convert-to-llvm,"
    "reconcile-unrealized-casts"
)
runtimes = ",".join(
    os.path.join(config.llvm_lib_dir, f"lib{name}.so")
    for name in ("mlir_runner_utils", "mlir_c_runner_utils", "omp")
)
for name, pipeline in (("definition", definition), ("cpu", "rarefy-cpu-pipeline")):
    config.substitutions.append(
        (
            f"%run-{name}",
            f"rarefy-opt --pass-pipeline='builtin.module({pipeline})' %s | mlir-runner"
            f" -O2 -e main --entry-point-result=void --shared-libs={runtimes}",
        )
    )
if "Address" in config.sanitizers:
    config.available_features.add("asan")
    config.environment["ASAN_OPTIONS"] = "allocator_may_return_null=1"
llvm_config.use_default_substitutions()
llvm_config.add_tool_substitutions(
    [
        "rarefy-opt",
        "rarefy-doctor",
        "rarefy-lsp-server",
        "rarefy-reduce",
        "rarefy-run",
        "rarefy-sim",
        "rarefy-translate",
        "mlir-opt",
        "mlir-runner",
        "FileCheck",
        "not",
        "split-file",
        "llvm-readelf",
    ],
    [os.path.join(config.rarefy_obj_root, "bin"), config.llvm_tools_dir],
)
