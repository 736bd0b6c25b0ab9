// The matrix product of one instruction set. Included once by each gemm_<set>.cpp, which is compiled for that set and
// defines before, in its namespace (DPML_KERNEL_NAMESPACE):
//
//   Vector      kLanes floats, with zero, all (one number in every lane), load, store, and first(n, ...) of both, which
//               touch n lanes only; multiply_add(a, b, c) = a * b + c; add, multiply; and even / odd interleaving
//   kTileRows   rows of a tile of C whose sums fill the registers, two vectors a row
//
// No function of the standard library that might not be inlined is called here: the linker would keep one copy of it
// for all of dpml, perhaps this one, with instructions that other processors lack
// (tests/structure/kernel_symbols_test.py).
//
// The rule: every number of C is one chain c = a[i,q] * b[q,j] + c over q = 0, 1, ..., k - 1, each link rounded once
// (AVX2, AVX-512). Tiles, blocks of q and the path taken decide only which chains run at the same time.

namespace dpml::DPML_KERNEL_NAMESPACE {

namespace {

constexpr int kTileVectors = 2;
constexpr Index kPanel = kTileVectors * kLanes;  // columns of B that are packed together
// Rows of B that are packed together; a longer product goes on from C. A tile's rows of A stay in the first-level
// cache, the packed block (256 KiB) in the second.
constexpr Index kDepth = 512;
constexpr Index kPacked = Index{1} << 16;
// B is read where it lies when it is used for few tiles of rows, or is so shallow that packing costs as much.
constexpr Index kRowsWorthPacking = 2 * kTileRows;
constexpr Index kDepthWorthPacking = 16;
constexpr Index kFewRows = 4;
constexpr int kWideVectors = 4;  // a row, when there are few

inline Index smaller(Index a, Index b) {
  return a < b ? a : b;
}

/// How to read A and where C lies.
struct Sides {
  const float* a;
  Index a_row;
  Index a_column;
  float* c;
  Index ldc;
  GemmResult result;
  float factor;
};

/// kRows x (kVectors * kLanes) numbers of C, of which `columns` are there. B: row q at b + q * b_row; `whole`: its rows
/// may be read to the end of the last vector.
template <int kRows, int kVectors, bool whole>
inline void tile(const Sides& s, Index depth, const float* b, Index b_row, Index columns) {
  const Index last = columns - (kVectors - 1) * kLanes;  // columns in the last vector
  // Every loop over rows and vectors is unrolled, so that the sums are registers and never memory.
  Vector sum[kRows][kVectors];
#pragma GCC unroll 16
  for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v) {
      const float* from = s.c + i * s.ldc + v * kLanes;
      if (s.result != GemmResult::goes_on) {
        sum[i][v] = zero();
      } else {
        sum[i][v] = v + 1 < kVectors ? load(from) : load_first(last, from);
      }
    }
  }
  const float* a = s.a;
  for (Index q = 0; q < depth; ++q, a += s.a_column, b += b_row) {
    Vector row[kVectors];
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v) {
      row[v] = whole || v + 1 < kVectors ? load(b + v * kLanes) : load_first(last, b + v * kLanes);
    }
#pragma GCC unroll 16
    for (int i = 0; i < kRows; ++i) {
      const Vector factor = all(a[i * s.a_row]);
#pragma GCC unroll 16
      for (int v = 0; v < kVectors; ++v) sum[i][v] = multiply_add(factor, row[v], sum[i][v]);
    }
  }
#pragma GCC unroll 16
  for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v) {
      float* to = s.c + i * s.ldc + v * kLanes;
      Vector value = sum[i][v];
      if (s.result == GemmResult::is_added) {
        const Vector before = v + 1 < kVectors ? load(to) : load_first(last, to);
        value = add(before, multiply(all(s.factor), value));
      }
      if (v + 1 < kVectors) {
        store(to, value);
      } else {
        store_first(last, to, value);
      }
    }
  }
}

template <int kRows, int kVectors, bool whole>
inline void tile_of(Index rows, const Sides& s, Index depth, const float* b, Index b_row, Index columns) {
  if (rows == kRows) {
    tile<kRows, kVectors, whole>(s, depth, b, b_row, columns);
  } else if constexpr (kRows > 1) {
    tile_of<kRows - 1, kVectors, whole>(rows, s, depth, b, b_row, columns);
  }
}

/// A square of B^T, kLanes x kLanes numbers, of which `rows` rows are there: turned[l] holds number l of every row.
inline void transpose(const float* from, Index row_distance, Index rows, Vector* turned) {
  Vector other[kLanes];
  for (Index l = 0; l < kLanes; ++l) turned[l] = l < rows ? load(from + l * row_distance) : zero();
#pragma GCC unroll 4
  for (int step = 1; step < kLanes; step *= 2) {
    for (int l = 0; l < kLanes / 2; ++l) {
      other[2 * l] = interleave_low(turned[l], turned[l + kLanes / 2]);
      other[2 * l + 1] = interleave_high(turned[l], turned[l + kLanes / 2]);
    }
    for (int l = 0; l < kLanes; ++l) turned[l] = other[l];
  }
}

/// Up to kPanel columns of B^T, whose rows are columns of B, as rows of a panel; what is missing of the last vector is
/// 0.
inline void pack_transposed(const float* b, Index ldb, Index depth, Index columns, float* to) {
  for (Index first = 0; first < columns; first += kLanes) {
    const Index rows = smaller(kLanes, columns - first);
    const float* from = b + first * ldb;
    Index q = 0;
    for (; q + kLanes <= depth; q += kLanes) {
      Vector turned[kLanes];
      transpose(from + q, ldb, rows, turned);
      for (Index l = 0; l < kLanes; ++l) store(to + (q + l) * kPanel + first, turned[l]);
    }
    for (; q < depth; ++q) {
      for (Index l = 0; l < kLanes; ++l) to[q * kPanel + first + l] = l < rows ? from[l * ldb + q] : 0.0F;
    }
  }
}

inline void pack(const float* b, Index ldb, Index depth, Index columns, float* to) {
  for (Index q = 0; q < depth; ++q, b += ldb, to += kPanel) {
    for (Index first = 0; first < columns; first += kLanes) {
      store(to + first, load_first(smaller(kLanes, columns - first), b + first));
    }
  }
}

/// Few rows of A meet B^T: its squares are used as they are turned, each once.
template <int kRows>
inline void few_rows_transposed(const MatrixProduct& p, Sides s) {
  for (Index j = 0; j < p.n; j += kLanes) {
    const Index columns = smaller(kLanes, p.n - j);
    const float* b = p.b.numbers + j * p.b.row_distance;
    Vector sum[kRows];
    for (int i = 0; i < kRows; ++i) {
      sum[i] = s.result == GemmResult::goes_on ? load_first(columns, s.c + i * s.ldc + j) : zero();
    }
    Index q = 0;
    for (; q + kLanes <= p.k; q += kLanes) {
      Vector turned[kLanes];
      transpose(b + q, p.b.row_distance, columns, turned);
      for (Index l = 0; l < kLanes; ++l) {
        for (int i = 0; i < kRows; ++i) {
          sum[i] = multiply_add(all(s.a[i * s.a_row + (q + l) * s.a_column]), turned[l], sum[i]);
        }
      }
    }
    for (; q < p.k; ++q) {
      float column[kLanes];
      for (Index l = 0; l < kLanes; ++l) column[l] = l < columns ? b[l * p.b.row_distance + q] : 0.0F;
      for (int i = 0; i < kRows; ++i) {
        sum[i] = multiply_add(all(s.a[i * s.a_row + q * s.a_column]), load(column), sum[i]);
      }
    }
    for (int i = 0; i < kRows; ++i) {
      float* to = s.c + i * s.ldc + j;
      if (s.result == GemmResult::is_added) {
        sum[i] = add(load_first(columns, to), multiply(all(s.factor), sum[i]));
      }
      store_first(columns, to, sum[i]);
    }
  }
}

/// B lies as it is used: rows of it side by side.
inline void few_rows(const MatrixProduct& p, const Sides& s) {
  constexpr Index kWide = kWideVectors * kLanes;
  Index j = 0;
  for (; j + kWide <= p.n; j += kWide) {
    Sides part = s;
    part.c += j;
    tile_of<kFewRows, kWideVectors, true>(p.m, part, p.k, p.b.numbers + j, p.b.row_distance, kWide);
  }
  for (; j < p.n; j += kLanes) {
    Sides part = s;
    part.c += j;
    tile_of<kFewRows, 1, false>(p.m, part, p.k, p.b.numbers + j, p.b.row_distance, smaller(kLanes, p.n - j));
  }
}

inline void multiply_few_rows(const MatrixProduct& p, const Sides& s) {
  if (p.b.transpose == Transpose::no) return few_rows(p, s);
  switch (p.m) {
    case 1:
      return few_rows_transposed<1>(p, s);
    case 2:
      return few_rows_transposed<2>(p, s);
    case 3:
      return few_rows_transposed<3>(p, s);
    default:
      return few_rows_transposed<4>(p, s);
  }
}

/// A block of packed columns of B, or B where it lies, in panels of kPanel columns.
struct Block {
  const float* numbers;
  Index depth;  // rows of B
  Index row;    // distance of rows within a panel
  Index panel;  // distance of panels
  Index columns;
};

/// Asks for the numbers of C that the next tile will start from and write: they come while this one is multiplied.
inline void fetch_next(const Sides& s, Index rows) {
  for (Index i = 0; i < rows; ++i) {
    for (Index l = kPanel; l < 2 * kPanel; l += kLanes) __builtin_prefetch(s.c + i * s.ldc + l, 1);
  }
}

/// All rows of C, in tiles of nearly equal height; a tile goes along the block, so that C is passed through row by row.
template <bool whole>
inline void multiply_block(Index rows, Sides s, const Block& block) {
  for (Index tiles = (rows + kTileRows - 1) / kTileRows; tiles > 0; --tiles) {
    const Index height = (rows + tiles - 1) / tiles;
    Sides part = s;
    const float* b = block.numbers;
    for (Index j = 0; j < block.columns; j += kPanel, part.c += kPanel, b += block.panel) {
      const Index columns = smaller(kPanel, block.columns - j);
      fetch_next(part, height);
      if (columns > kLanes) {
        tile_of<kTileRows, 2, whole>(height, part, block.depth, b, block.row, columns);
      } else {
        tile_of<kTileRows, 1, whole>(height, part, block.depth, b, block.row, columns);
      }
    }
    s.a += height * s.a_row;
    s.c += height * s.ldc;
    rows -= height;
  }
}

/// Packs rows [q, q + depth) of columns [j, j + columns) of op(B).
inline Block packed(const MatrixProduct& p, Index q, Index depth, Index j, Index columns, float* to) {
  const Block block{to, depth, kPanel, depth * kPanel, columns};
  for (Index first = j; first < j + columns; first += kPanel, to += block.panel) {
    const Index width = smaller(kPanel, j + columns - first);
    if (p.b.transpose == Transpose::yes) {
      pack_transposed(p.b.numbers + first * p.b.row_distance + q, p.b.row_distance, depth, width, to);
    } else {
      pack(p.b.numbers + q * p.b.row_distance + first, p.b.row_distance, depth, width, to);
    }
  }
  return block;
}

inline Index columns_at_once(const MatrixProduct& p, Index depth) {
  const Index fitting = kPacked / (depth * kPanel) * kPanel;
  return smaller((p.n + kPanel - 1) / kPanel * kPanel, fitting > 0 ? fitting : kPanel);
}

/// What is added to C must be whole before.
inline Index depth_at_once(const MatrixProduct& p) {
  return p.result == GemmResult::is_added ? p.k : smaller(p.k, kDepth);
}

inline void multiply_many_rows(const MatrixProduct& p, Sides s, float* room) {
  const bool in_place = p.b.transpose == Transpose::no && (p.m <= kRowsWorthPacking || p.k <= kDepthWorthPacking);
  if (in_place) return multiply_block<false>(p.m, s, {p.b.numbers, p.k, p.b.row_distance, kPanel, p.n});
  for (Index q = 0; q < p.k; q += depth_at_once(p)) {
    const Index depth = smaller(depth_at_once(p), p.k - q);
    const Index width = columns_at_once(p, depth);
    for (Index j = 0; j < p.n; j += width) {
      Sides part = s;
      part.a += q * s.a_column;
      part.c += j;
      if (q > 0) part.result = GemmResult::goes_on;
      multiply_block<true>(p.m, part, packed(p, q, depth, j, smaller(width, p.n - j), room));
    }
  }
}

inline bool has_few_rows(const MatrixProduct& p) {
  return p.m <= kFewRows;
}

}  // namespace

Index room_for(const MatrixProduct& p) {
  return has_few_rows(p) ? 0 : depth_at_once(p) * columns_at_once(p, depth_at_once(p));
}

void multiply(const MatrixProduct& p, float* room) {
  const Sides sides{.a = p.a.numbers,
                    .a_row = p.a.transpose == Transpose::no ? p.a.row_distance : 1,
                    .a_column = p.a.transpose == Transpose::no ? 1 : p.a.row_distance,
                    .c = p.c,
                    .ldc = p.ldc,
                    .result = p.result,
                    .factor = p.factor};
  if (has_few_rows(p)) {
    multiply_few_rows(p, sides);
  } else {
    multiply_many_rows(p, sides, room);
  }
}

}  // namespace dpml::DPML_KERNEL_NAMESPACE
