"""A small transformer, as MLIR and in numpy, where the latter prunes as SpAtten's algorithm 2 says."""

import numpy as np

BATCH, TOKENS, WIDTH, HEADS, DEPTH, HIDDEN, LAYERS = 2, 10, 16, 4, 4, 24, 3
WEIGHTS = {"q": (WIDTH, WIDTH), "k": (WIDTH, WIDTH), "v": (WIDTH, WIDTH), "o": (WIDTH, WIDTH),
           "up": (WIDTH, HIDDEN), "down": (HIDDEN, WIDTH), "table": (TOKENS, WIDTH)}  # fmt: skip
STREAM, HIDDEN_STREAM = f"tensor<{BATCH}x{TOKENS}x{WIDTH}xf32>", f"tensor<{BATCH}x{TOKENS}x{HIDDEN}xf32>"
SPLIT = f"tensor<{BATCH}x{TOKENS}x{HEADS}x{DEPTH}xf32>"
BY_HEAD = f"tensor<{BATCH}x{HEADS}x{TOKENS}x{DEPTH}xf32>"


def inputs(seed=0):
    """Tokens, which of them are no padding, and weights."""
    random = np.random.default_rng(seed)
    x = random.standard_normal((BATCH, TOKENS, WIDTH)).astype(np.float32)
    mask = np.arange(TOKENS) < np.array([[TOKENS], [TOKENS - 4]])
    weights = {
        name: (random.standard_normal(shape) / 3).astype(np.float32) for name, shape in WEIGHTS.items()
    }
    return x, mask, weights


def _product(name, left, left_type, right, right_type, type):
    maps = "[affine_map<(b, l, n, k) -> (b, l, k)>, affine_map<(b, l, n, k) -> (k, n)>, affine_map<(b, l, n, k) -> (b, l, n)>]"
    return f"""
  %{name}e = tensor.empty() : {type}
  %{name}f = linalg.fill ins(%zero : f32) outs(%{name}e : {type}) -> {type}
  %{name} = linalg.contract indexing_maps = {maps} ins({left}, {right} : {left_type}, {right_type}) outs(%{name}f : {type}) -> {type}"""


def fuse(weights):
    """The weights with one projection for queries, keys and values."""
    return {
        "qkv": np.hstack([weights[w] for w in "qkv"]),
        **{w: weights[w] for w in weights if w not in "qkv"},
    }


def _projections(i, x, types):
    """Queries, keys and values: of a product each, or slices of one."""
    if "qkv" not in types:
        return "".join(_product(f"{w}{i}", x, STREAM, f"%{w}", types[w], STREAM) for w in "qkv")
    wide = f"tensor<{BATCH}x{TOKENS}x{3 * WIDTH}xf32>"
    text = _product(f"w{i}", x, STREAM, "%qkv", types["qkv"], wide)
    for part, w in enumerate("qkv"):
        text += f"""
  %{w}{i} = tensor.extract_slice %w{i}[0, 0, {part * WIDTH}] [{BATCH}, {TOKENS}, {WIDTH}] [1, 1, 1] : {wide} to {STREAM}"""
    return text


def _layer(i, x, types):
    text = _projections(i, x, types)
    for w in "qkv":
        text += f"""
  %{w}s{i} = tensor.expand_shape %{w}{i} [[0], [1], [2, 3]] output_shape [{BATCH}, {TOKENS}, {HEADS}, {DEPTH}] : {STREAM} into {SPLIT}
  %{w}t{i} = linalg.transpose ins(%{w}s{i} : {SPLIT}) outs(%by_head : {BY_HEAD}) permutation = [0, 2, 1, 3]"""
    text += f"""
  %a{i} = rarefy.attention ins(%qt{i}, %kt{i}, %vt{i} : {BY_HEAD}, {BY_HEAD}, {BY_HEAD}) mask(%mask4 : tensor<{BATCH}x1x1x{TOKENS}xi1>)
    outs(%by_head : {BY_HEAD}) {{scale = 0.5 : f32}} -> {BY_HEAD}
  %at{i} = linalg.transpose ins(%a{i} : {BY_HEAD}) outs(%split : {SPLIT}) permutation = [0, 2, 1, 3]
  %ac{i} = tensor.collapse_shape %at{i} [[0], [1], [2, 3]] : {SPLIT} into {STREAM}"""
    text += _product(f"o{i}", f"%ac{i}", STREAM, "%o", types["o"], STREAM)
    # A table of positions, which the batch shares, joins in every layer.
    text += f"""
  %y{i} = linalg.generic {{indexing_maps = [#bld, #bld, #ld, #bld], iterator_types = ["parallel", "parallel", "parallel"]}}
    ins({x}, %o{i}, %table : {STREAM}, {STREAM}, {types["table"]}) outs(%o{i}e : {STREAM}) {{
  ^bb0(%xx: f32, %xo: f32, %xt: f32, %unused: f32):
    %s1 = arith.addf %xx, %xo : f32
    %s2 = arith.addf %s1, %xt : f32
    linalg.yield %s2 : f32
  }} -> {STREAM}"""
    text += _product(f"u{i}", f"%y{i}", STREAM, "%up", types["up"], HIDDEN_STREAM)
    text += f"\n  %r{i} = arith.maximumf %u{i}, %hidden_zero : {HIDDEN_STREAM}"
    text += _product(f"d{i}", f"%r{i}", HIDDEN_STREAM, "%down", types["down"], STREAM)
    return text + f"\n  %x{i + 1} = arith.addf %y{i}, %d{i} : {STREAM}"


def module(weights):
    """All tokens, and their sum, behind the last layer."""
    types = {name: f"tensor<{'x'.join(map(str, weight.shape))}xf32>" for name, weight in weights.items()}
    arguments = ", ".join(f"%{name}: {type}" for name, type in types.items())
    pooled = f"tensor<{BATCH}x{WIDTH}xf32>"
    layers = "".join(_layer(i, f"%x{i}", types) for i in range(LAYERS))
    return f"""
#bld = affine_map<(b, l, d) -> (b, l, d)>
#ld = affine_map<(b, l, d) -> (l, d)>
func.func @main(%x0: {STREAM}, %mask: tensor<{BATCH}x{TOKENS}xi1>, {arguments}) -> ({STREAM}, {pooled}) {{
  %zero = arith.constant 0.0 : f32
  %hidden_zero = arith.constant dense<0.0> : {HIDDEN_STREAM}
  %by_head = tensor.empty() : {BY_HEAD}
  %split = tensor.empty() : {SPLIT}
  %mask4 = tensor.expand_shape %mask [[0], [1, 2, 3]] output_shape [{BATCH}, 1, 1, {TOKENS}]
    : tensor<{BATCH}x{TOKENS}xi1> into tensor<{BATCH}x1x1x{TOKENS}xi1>{layers}
  %e = tensor.empty() : {pooled}
  %f = linalg.fill ins(%zero : f32) outs(%e : {pooled}) -> {pooled}
  %sum = linalg.reduce {{ arith.addf }} ins(%x{LAYERS} : {STREAM}) outs(%f : {pooled}) dimensions = [1]
  return %x{LAYERS}, %sum : {STREAM}, {pooled}
}}
"""


def largest(scores, count):
    """The positions of the largest, ascending; of equal ones the first."""
    return np.sort(np.argsort(-scores, kind="stable")[:count])


def _attend(x, mask, weights, heads, values):
    """Probabilities and outputs of some heads, [heads, rows, ...]."""
    q, k, v = ((x @ weights[w]).reshape(-1, HEADS, DEPTH)[:, heads].transpose(1, 0, 2) for w in "qkv")
    scores = np.where(mask, q @ k.transpose(0, 2, 1) * 0.5, -np.inf)
    p = np.exp(scores - scores.max(-1, keepdims=True))
    p /= p.sum(-1, keepdims=True)
    kept = p
    if values is not None and values < p.shape[-1]:
        kept = np.zeros_like(p)
        for index in np.ndindex(p.shape[:2]):
            chosen = largest(p[index], values)
            kept[index][chosen] = p[index][chosen]
    return p, kept @ v


def prune(x, mask, weights, tokens, heads, values=None, protect=()):
    """What `module` computes with so many tokens and heads in each layer."""
    alive = np.arange(HEADS)
    head_importance = np.zeros(HEADS)
    positions = [np.arange(TOKENS) for _ in range(BATCH)]
    importance = [np.zeros(TOKENS) for _ in range(BATCH)]
    streams = [row.astype(np.float64) for row in x]
    for layer in range(LAYERS):
        attended = []
        for b in range(BATCH):
            p, out = _attend(streams[b], mask[b][positions[b]], weights, alive, values)
            importance[b] = importance[b] + p.sum((0, 1))
            head_importance[alive] += np.abs(out).sum((1, 2))
            attended.append(out)
        rows = np.concatenate([np.arange(h * DEPTH, (h + 1) * DEPTH) for h in alive])
        for b in range(BATCH):
            out = attended[b]
            if layer + 1 < LAYERS and tokens[layer + 1] < tokens[layer]:
                scores = np.where(mask[b][positions[b]], importance[b], -1)
                scores[np.isin(positions[b], protect)] = np.inf
                left = largest(scores, tokens[layer + 1])
                positions[b], importance[b], streams[b] = (
                    positions[b][left],
                    importance[b][left],
                    streams[b][left],
                )
                out = out[:, left]
            y = streams[b] + out.transpose(1, 0, 2).reshape(-1, len(rows)) @ weights["o"][rows]
            y += weights["table"][positions[b]]
            streams[b] = y + np.maximum(y @ weights["up"], 0) @ weights["down"]
        if layer + 1 < LAYERS and heads[layer + 1] < heads[layer]:
            alive = alive[largest(head_importance[alive], heads[layer + 1])]
    whole, sums = np.zeros(x.shape), np.zeros((BATCH, WIDTH))
    for b in range(BATCH):
        whole[b][positions[b]] = streams[b]
        sums[b] = streams[b].sum(0)
        if tokens[-1] < TOKENS:
            sums[b] *= mask[b].sum() / mask[b][positions[b]].sum()
    return whole, sums
