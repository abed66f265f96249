include "rarefy/Dialect/Rarefy/IR/RarefyOps.td"

def Outside_Dialect : Dialect {
  let name = "outside";
  let cppNamespace = "::outside";
}

def Outside_ScoreOp : Op<Outside_Dialect, "score"> {
  let arguments = (ins Rarefy_F32:$scores);
}
