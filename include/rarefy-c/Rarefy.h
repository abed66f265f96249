/* Rarefy's C API; `rarefy-c/Simulator.h` has more of it.
 *
 * Handles are opaque and belong to the caller, who destroys each. Handles made
 * from one context keep what they need of it, so the order of destruction is
 * free. A function that can fail returns NULL or `false` after it has told the
 * context's diagnostic callback why. A context and its modules serve one
 * thread at a time; a program may be called from any number of threads.
 */
#ifndef RAREFY_C_RAREFY_H
#define RAREFY_C_RAREFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RAREFY_API __attribute__((visibility("default")))

typedef struct RarefyOpaqueContext *RarefyContext;
typedef struct RarefyOpaqueModule *RarefyModule;
typedef struct RarefyOpaqueProgram *RarefyProgram;
typedef struct RarefyOpaqueResults *RarefyResults;

/* Text that need not end in a zero byte; valid until its owner changes or, in
 * a callback, until the callback returns. */
typedef struct RarefyString {
  const char *data;
  size_t size;
} RarefyString;

typedef void (*RarefyStringCallback)(RarefyString text, void *userData);

/*===-- Contexts ---------------------------------------------------------===*/

typedef enum RarefySeverity {
  RarefySeverityNote,
  RarefySeverityWarning,
  RarefySeverityError,
  RarefySeverityRemark
} RarefySeverity;

/* `location` is "file:line:column", or empty where none is known. */
typedef void (*RarefyDiagnosticCallback)(RarefySeverity severity,
                                         RarefyString location,
                                         RarefyString message, void *userData);

/* What a pass did, or did not do and why. */
typedef struct RarefyRemark {
  RarefyString kind; /* "passed", "missed", "failed" or "analysis" */
  RarefyString pass;
  RarefyString name;
  RarefyString function;
  RarefyString message;
  RarefyString location;
} RarefyRemark;

typedef void (*RarefyRemarkCallback)(const RarefyRemark *remark,
                                     void *userData);

/* "0.1.0" */
RAREFY_API RarefyString rarefyGetVersion(void);

RAREFY_API RarefyContext rarefyContextCreate(void);
RAREFY_API void rarefyContextDestroy(RarefyContext context);

/* Without a callback, or with NULL, nothing is reported. */
RAREFY_API void rarefyContextSetDiagnosticCallback(
    RarefyContext context, RarefyDiagnosticCallback callback, void *userData);
RAREFY_API void rarefyContextSetRemarkCallback(RarefyContext context,
                                               RarefyRemarkCallback callback,
                                               void *userData);

/*===-- Modules ----------------------------------------------------------===*/

/* Parses MLIR, as text or bytecode, or disassembles the ELF file of an
 * accelerator's program. `name` is what locations call it. */
RAREFY_API RarefyModule rarefyModuleParse(RarefyContext context,
                                          RarefyString source,
                                          RarefyString name);

/* Reads a file: an ONNX model where the path ends in ".onnx", else what
 * `rarefyModuleParse` takes. */
RAREFY_API RarefyModule rarefyModuleLoad(RarefyContext context,
                                         RarefyString path);

/* Imports a serialized ONNX model. Its external data is beside `path`, which
 * messages name, too; may be empty. */
RAREFY_API RarefyModule rarefyModuleImportONNX(RarefyContext context,
                                               RarefyString bytes,
                                               RarefyString path);

RAREFY_API RarefyModule rarefyModuleClone(RarefyModule module);
RAREFY_API void rarefyModuleDestroy(RarefyModule module);

/* Writes the module as text. Constants of more than `maxElements` elements
 * are left out, and resources of more characters; a negative number keeps all.
 */
RAREFY_API void rarefyModulePrint(RarefyModule module, int64_t maxElements,
                                  RarefyStringCallback callback,
                                  void *userData);

/* Writes the one program of `module` as an ELF file's bytes. */
RAREFY_API bool rarefyModuleExportProgram(RarefyModule module,
                                          RarefyStringCallback callback,
                                          void *userData);

/* Runs passes, written as for rarefy-opt's --pass-pipeline with or without
 * "builtin.module(...)" around them. A module whose passes fail is of no
 * further use. */
RAREFY_API bool rarefyModuleRun(RarefyModule module, RarefyString passes);

/*===-- Programs ---------------------------------------------------------===*/

/* A boolean is one byte, 0 or 1. */
typedef enum RarefyElementType {
  RarefyI1,
  RarefyI8,
  RarefyI16,
  RarefyI32,
  RarefyI64,
  RarefyU8,
  RarefyU16,
  RarefyU32,
  RarefyU64,
  RarefyF16,
  RarefyBF16,
  RarefyF32,
  RarefyF64
} RarefyElementType;

/* The type of an argument or result; a negative size is known at run time. */
typedef struct RarefyTensorInfo {
  RarefyString name;
  RarefyElementType type;
  size_t rank;
  const int64_t *shape;
} RarefyTensorInfo;

/* A dense array in row-major order. */
typedef struct RarefyArray {
  void *data;
  RarefyElementType type;
  size_t rank;
  const int64_t *shape;
} RarefyArray;

typedef struct RarefyCompileOptions {
  RarefyString entry;  /* the function; empty: "main" */
  RarefyString passes; /* run first; may be empty */
  RarefyString target; /* empty: "cpu"; or "spatten", a simulated SpAtten */
  RarefyString cpu;    /* empty: "native"; or LLVM's name of a processor */
  int optLevel;        /* LLVM's, 0 to 3; -1: 3, 0 for the reference */
  bool reference;      /* plain loops, to compare results with; "cpu" only */
  /* The file that describes the SpAtten, and what replaces parameters in it,
   * each as "key=value"; empty for "cpu". */
  RarefyString config;
  const RarefyString *overrides;
  size_t numOverrides;
} RarefyCompileOptions;

/* In seconds and bytes. */
typedef struct RarefyCompileStats {
  double passes, lowering, optimize, codegen, link;
  uint64_t codeBytes, constantBytes;
  RarefyString cpu;
} RarefyCompileStats;

/* Compiles one function of `module`, which stays as it is. */
RAREFY_API RarefyProgram rarefyCompile(RarefyModule module,
                                       const RarefyCompileOptions *options);
RAREFY_API void rarefyProgramDestroy(RarefyProgram program);

RAREFY_API size_t rarefyProgramGetNumInputs(RarefyProgram program);
RAREFY_API RarefyTensorInfo rarefyProgramGetInput(RarefyProgram program,
                                                  size_t index);
RAREFY_API size_t rarefyProgramGetNumResults(RarefyProgram program);
RAREFY_API RarefyTensorInfo rarefyProgramGetResult(RarefyProgram program,
                                                   size_t index);
RAREFY_API RarefyCompileStats rarefyProgramGetStats(RarefyProgram program);

/* Hands what the simulated device has done in all calls so far to `callback`,
 * as JSON; false if the program has no device. */
RAREFY_API bool rarefyProgramGetDeviceStatistics(RarefyProgram program,
                                                 RarefyStringCallback callback,
                                                 void *userData);

/* Runs the program on `threads` threads; 0 means what OMP_NUM_THREADS says,
 * or all. What is wrong goes to `onError`, which may be NULL, and NULL is
 * returned: a wrong number, type or shape of inputs, too little memory, an
 * assertion that fails, a launch that the device refuses. */
RAREFY_API RarefyResults rarefyProgramCall(RarefyProgram program,
                                           const RarefyArray *inputs,
                                           size_t numInputs, unsigned threads,
                                           RarefyStringCallback onError,
                                           void *userData);

/* The array belongs to `results`. */
RAREFY_API RarefyArray rarefyResultsGet(RarefyResults results, size_t index);

/* Hands over the memory of one array: `free` the returned block when done
 * with the array's data, which may begin inside it. */
RAREFY_API void *rarefyResultsTake(RarefyResults results, size_t index);
RAREFY_API void rarefyResultsDestroy(RarefyResults results);

#ifdef __cplusplus
}
#endif

#endif /* RAREFY_C_RAREFY_H */
