/* Rarefy's C API: programs of accelerators on modeled machines. */
#ifndef RAREFY_C_SIMULATOR_H
#define RAREFY_C_SIMULATOR_H

#include "rarefy-c/Rarefy.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct RarefyOpaqueSimulator *RarefySimulator;

typedef enum RarefyDirection {
  RarefyIn,
  RarefyOut,
  RarefyState /* both: stays from run to run */
} RarefyDirection;

/* A tensor of an accelerator's program. Its elements have any number of bits;
 * those of arrays for it are as wide or wider, as `info.type` says. */
typedef struct RarefyDeviceTensor {
  RarefyTensorInfo info;
  RarefyDirection direction;
  unsigned bits;
  bool hasValue; /* the program gives it one: it may be left as it is */
} RarefyDeviceTensor;

/* Simulates the one program of `module`, which stays as it is, on the machine
 * that the file `config` describes, with parameters changed as each of
 * `overrides` says: "topk.parallelism=1". Tensors without a value begin as
 * zeros. A simulator serves one thread at a time, together with its context. */
RAREFY_API RarefySimulator rarefySimulatorCreate(RarefyModule module,
                                                 RarefyString config,
                                                 const RarefyString *overrides,
                                                 size_t numOverrides);
RAREFY_API void rarefySimulatorDestroy(RarefySimulator simulator);

RAREFY_API size_t rarefySimulatorGetNumTensors(RarefySimulator simulator);
RAREFY_API RarefyDeviceTensor
rarefySimulatorGetTensor(RarefySimulator simulator, size_t index);

/* Writes an `in` or `state` tensor from an array of its shape. Integers of
 * every width are taken where the numbers fit; floats have the tensor's type
 * and are finite. Nothing is written where something is wrong. */
RAREFY_API bool rarefySimulatorWrite(RarefySimulator simulator,
                                     RarefyString name,
                                     const RarefyArray *array);

/* Reads a tensor into `array`, whose shape and type are those of its info. */
RAREFY_API bool rarefySimulatorRead(RarefySimulator simulator,
                                    RarefyString name,
                                    const RarefyArray *array);

/* Runs the program from its start to its end on the tensors as they are; each
 * `in` tensor has been written or has a value. `onStatistics`, which may be
 * NULL, gets what the run did as JSON. `trace` is the path of a file for what
 * runs when, in the format of Chrome and Perfetto; empty for none. */
RAREFY_API bool rarefySimulatorRun(RarefySimulator simulator,
                                   RarefyString trace,
                                   RarefyStringCallback onStatistics,
                                   void *userData);

#ifdef __cplusplus
}
#endif

#endif /* RAREFY_C_SIMULATOR_H */
