/* Calls every function of rarefy-c/Rarefy.h, from C. Exits with the number of
 * the line whose expectation does not hold. */
#include "expect.h"

static const char source[] =
    "func.func @main(%x: tensor<2x?xf32> {rarefy.name = \"x\"})"
    "    -> (tensor<2x?xf32> {rarefy.name = \"y\"}, tensor<3xi8>) {\n"
    "  %0 = arith.addf %x, %x : tensor<2x?xf32>\n"
    "  %1 = arith.constant dense<[1, 2, 3]> : tensor<3xi8>\n"
    "  return %0, %1 : tensor<2x?xf32>, tensor<3xi8>\n"
    "}\n";

static void onRemark(const RarefyRemark *remark, void *buffer) {
  append(remark->kind, buffer);
  append(remark->pass, buffer);
}

static void testErrors(RarefyContext context) {
  char buffer[bufferSize] = "";
  rarefyContextSetDiagnosticCallback(context, onDiagnostic, buffer);
  EXPECT(!rarefyModuleParse(context, text("module {"), text("bad.mlir")));
  EXPECT(strstr(buffer, "bad.mlir:1:"));
  buffer[0] = 0;
  EXPECT(!rarefyModuleLoad(context, text("no/such.mlir")));
  EXPECT(strstr(buffer, "no/such.mlir: no such file"));
  buffer[0] = 0;
  EXPECT(!rarefyModuleImportONNX(context, text("junk"), text("")));
  EXPECT(strstr(buffer, "<bytes>"));
  RarefyModule module = rarefyModuleParse(context, text(source), text("s"));
  EXPECT(module);
  buffer[0] = 0;
  EXPECT(!rarefyModuleRun(module, text("no-such-pass")));
  EXPECT(strstr(buffer, "'no-such-pass' does not refer to a registered pass"));
  RarefyCompileOptions options = {.target = text("tpu"), .optLevel = 3};
  buffer[0] = 0;
  EXPECT(!rarefyCompile(module, &options));
  EXPECT(strstr(buffer, "unknown target 'tpu': expected 'cpu' or 'spatten'"));
  options.target = text("spatten");
  options.reference = true;
  buffer[0] = 0;
  EXPECT(!rarefyCompile(module, &options));
  EXPECT(strstr(buffer, "target 'spatten': expected 'cpu' for the reference"));
  options.target.size = 0;
  options.optLevel = -2;
  buffer[0] = 0;
  EXPECT(!rarefyCompile(module, &options));
  EXPECT(strstr(buffer, "optimisation level -2: expected 0 to 3"));
  buffer[0] = 0;
  EXPECT(!rarefyModuleExportProgram(module, append, buffer));
  EXPECT(strstr(buffer, "expected one 'isa.program', found 0"));
  rarefyModuleDestroy(module);
  rarefyContextSetDiagnosticCallback(context, NULL, NULL);
}

static void testModule(RarefyModule module) {
  char buffer[bufferSize] = "";
  RarefyModule copy = rarefyModuleClone(module);
  EXPECT(rarefyModuleRun(copy, text("builtin.module(canonicalize,cse)")));
  EXPECT(rarefyModuleRun(copy, text("convert-elementwise-to-linalg")));
  rarefyModulePrint(copy, 2, append, buffer);
  EXPECT(strstr(buffer, "linalg.generic"));
  buffer[0] = 0;
  rarefyModulePrint(module, -1, append, buffer);
  EXPECT(strstr(buffer, "arith.addf") && strstr(buffer, "dense<[1, 2, 3]>"));
  rarefyModuleDestroy(copy);
}

static void testSignature(RarefyProgram program) {
  EXPECT(rarefyProgramGetNumInputs(program) == 1);
  EXPECT(rarefyProgramGetNumResults(program) == 2);
  RarefyTensorInfo input = rarefyProgramGetInput(program, 0);
  EXPECT(equals(input.name, "x") && input.type == RarefyF32);
  EXPECT(input.rank == 2 && input.shape[0] == 2 && input.shape[1] < 0);
  RarefyTensorInfo result = rarefyProgramGetResult(program, 1);
  EXPECT(result.name.size == 0 && result.type == RarefyI8 && result.rank == 1);
  RarefyCompileStats stats = rarefyProgramGetStats(program);
  EXPECT(stats.lowering > 0 && stats.codeBytes > 0 && stats.cpu.size > 0);
}

static void testCall(RarefyProgram program) {
  float data[6] = {0, 1, 2, 3, 4, 5};
  int64_t shape[2] = {2, 3};
  RarefyArray input = {data, RarefyF32, 2, shape};
  RarefyResults results = rarefyProgramCall(program, &input, 1, 1, NULL, NULL);
  EXPECT(results);
  RarefyArray sum = rarefyResultsGet(results, 0);
  EXPECT(sum.type == RarefyF32 && sum.rank == 2 && sum.shape[1] == 3);
  for (int i = 0; i < 6; ++i)
    EXPECT(((float *)sum.data)[i] == 2 * data[i]);
  const signed char *numbers = rarefyResultsGet(results, 1).data;
  EXPECT(numbers[0] == 1 && numbers[2] == 3);
  void *block = rarefyResultsTake(results, 0);
  rarefyResultsDestroy(results);
  EXPECT(((float *)sum.data)[5] == 10);
  free(block);

  char buffer[bufferSize] = "";
  shape[0] = 1;
  EXPECT(!rarefyProgramCall(program, &input, 1, 0, append, buffer));
  EXPECT(strstr(buffer, "input 0 ('x'): expected 2x?xf32, found 1x3xf32"));
  buffer[0] = 0;
  EXPECT(!rarefyProgramCall(program, &input, 0, 0, append, buffer));
  EXPECT(strstr(buffer, "expected 1 inputs, found 0"));
}

static const char attention[] =
    "func.func @main(%x: tensor<2x4x16xi16>) -> tensor<2x4x16xi16> {\n"
    "  %o = tensor.empty() : tensor<2x4x16xi16>\n"
    "  %0 = rarefy.attention ins(%x, %x, %x : tensor<2x4x16xi16>,"
    "    tensor<2x4x16xi16>, tensor<2x4x16xi16>)"
    "    outs(%o : tensor<2x4x16xi16>) {scale = 1.0 : f32}"
    "    -> tensor<2x4x16xi16>\n"
    "  return %0 : tensor<2x4x16xi16>\n"
    "}\n";

/* A model whose attention runs on a simulated SpAtten. */
static void testDevice(RarefyContext context) {
  RarefyModule module = rarefyModuleParse(context, text(attention), text("a"));
  EXPECT(module);
  RarefyString overrides[] = {text("clockGHz=2"), text("topk.parallelism=1")};
  RarefyCompileOptions options = {.target = text("spatten"),
                                  .optLevel = 0,
                                  .config =
                                      text(RAREFY_CONFIGS "/spatten.yaml"),
                                  .overrides = overrides,
                                  .numOverrides = 2};
  RarefyProgram program = rarefyCompile(module, &options);
  EXPECT(program);
  int16_t data[2 * 4 * 16] = {0};
  int64_t shape[3] = {2, 4, 16};
  RarefyArray input = {data, RarefyI16, 3, shape};
  RarefyResults results = rarefyProgramCall(program, &input, 1, 1, NULL, NULL);
  EXPECT(results);
  rarefyResultsDestroy(results);
  char buffer[bufferSize] = "";
  EXPECT(rarefyProgramGetDeviceStatistics(program, append, buffer));
  EXPECT(strstr(buffer, "\"clock_ghz\": 2,"));
  EXPECT(strstr(buffer, "\"topk_parallelism\": 1,"));
  rarefyProgramDestroy(program);

  options = (RarefyCompileOptions){.optLevel = 0};
  program = rarefyCompile(module, &options);
  EXPECT(program);
  EXPECT(!rarefyProgramGetDeviceStatistics(program, append, buffer));
  rarefyProgramDestroy(program);
  rarefyModuleDestroy(module);
}

static void testRemarks(RarefyContext context) {
  char buffer[bufferSize] = "";
  rarefyContextSetRemarkCallback(context, onRemark, buffer);
  RarefyModule module = rarefyModuleParse(context, text(source), text("s"));
  EXPECT(module && rarefyModuleRun(module, text("rarefy-raise-attention")));
  EXPECT(strstr(buffer, "analysis\nrarefy-raise-attention\n"));
  rarefyContextSetRemarkCallback(context, NULL, NULL);
  rarefyModuleDestroy(module);
}

int main(void) {
  EXPECT(rarefyGetVersion().size >= 5);
  RarefyContext context = rarefyContextCreate();
  testErrors(context);
  testRemarks(context);
  testDevice(context);
  RarefyModule module = rarefyModuleParse(context, text(source), text("s"));
  EXPECT(module);
  testModule(module);
  RarefyCompileOptions options = {.entry = text("main"), .optLevel = -1};
  RarefyProgram program = rarefyCompile(module, &options);
  EXPECT(program);
  /* The program keeps what it needs. */
  rarefyModuleDestroy(module);
  rarefyContextDestroy(context);
  testSignature(program);
  testCall(program);
  rarefyProgramDestroy(program);
  return 0;
}
