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
// Rows of a panel: it and the rows of A beside it stay in the second-level cache. A longer product goes on from C.
constexpr Index kDepth = 512;
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

/// `rows` rows of C and up to kVectors * kLanes columns, in tiles of nearly equal height.
template <int kVectors, bool whole>
inline void column_block(Index rows, Sides s, Index depth, const float* b, Index b_row, Index columns) {
  for (Index tiles = (rows + kTileRows - 1) / kTileRows; tiles > 0; --tiles) {
    const Index height = (rows + tiles - 1) / tiles;
    tile_of<kTileRows, kVectors, whole>(height, s, depth, b, b_row, columns);
    s.a += height * s.a_row;
    s.c += height * s.ldc;
    rows -= height;
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

/// `columns` columns of B^T, whose rows are columns of B, as rows of `vectors` whole vectors; what is missing is 0.
inline void pack_transposed(const float* b, Index ldb, Index depth, Index columns, int vectors, float* to) {
  const Index width = vectors * kLanes;
  for (Index first = 0; first < width; first += kLanes) {
    const Index rows = smaller(kLanes, columns - first);
    const float* from = b + first * ldb;
    Index q = 0;
    for (; q + kLanes <= depth; q += kLanes) {
      Vector turned[kLanes];
      transpose(from + q, ldb, rows, turned);
      for (Index l = 0; l < kLanes; ++l) store(to + (q + l) * width + first, turned[l]);
    }
    for (; q < depth; ++q) {
      for (Index l = 0; l < kLanes; ++l) to[q * width + first + l] = l < rows ? from[l * ldb + q] : 0.0F;
    }
  }
}

inline void pack(const float* b, Index ldb, Index depth, Index columns, int vectors, float* to) {
  const Index last = columns - (vectors - 1) * kLanes;
  for (Index q = 0; q < depth; ++q, b += ldb) {
    for (int v = 0; v + 1 < vectors; ++v, to += kLanes) store(to, load(b + v * kLanes));
    store(to, load_first(last, b + (vectors - 1) * kLanes));
    to += kLanes;
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

inline void multiply_many_rows(const MatrixProduct& p, Sides s, float* panel) {
  // What is added to C must be whole before.
  const Index block = s.result == GemmResult::is_added ? p.k : kDepth;
  for (Index q = 0; q < p.k; q += block, s.result = s.result == GemmResult::is_added ? s.result : GemmResult::goes_on) {
    const Index depth = smaller(block, p.k - q);
    Sides part = s;
    part.a += q * s.a_column;
    for (Index j = 0; j < p.n; j += kPanel, part.c += kPanel) {
      const Index columns = smaller(kPanel, p.n - j);
      const int vectors = columns > kLanes ? 2 : 1;
      const bool in_place = p.b.transpose == Transpose::no && (p.m <= kRowsWorthPacking || depth <= kDepthWorthPacking);
      const float* b = p.b.transpose == Transpose::no ? p.b.numbers + q * p.b.row_distance + j
                                                      : p.b.numbers + j * p.b.row_distance + q;
      if (in_place) {
        if (vectors == 2) {
          column_block<2, false>(p.m, part, depth, b, p.b.row_distance, columns);
        } else {
          column_block<1, false>(p.m, part, depth, b, p.b.row_distance, columns);
        }
        continue;
      }
      if (p.b.transpose == Transpose::yes) {
        pack_transposed(b, p.b.row_distance, depth, columns, vectors, panel);
      } else {
        pack(b, p.b.row_distance, depth, columns, vectors, panel);
      }
      if (vectors == 2) {
        column_block<2, true>(p.m, part, depth, panel, kPanel, columns);
      } else {
        column_block<1, true>(p.m, part, depth, panel, kLanes, columns);
      }
    }
  }
}

inline bool has_few_rows(const MatrixProduct& p) {
  return p.m <= kFewRows;
}

}  // namespace

Index panel_size(const MatrixProduct& p) {
  if (has_few_rows(p)) return 0;
  return kPanel * (p.result == GemmResult::is_added ? p.k : smaller(p.k, kDepth));
}

void multiply(const MatrixProduct& p, float* panel) {
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
    multiply_many_rows(p, sides, panel);
  }
}

}  // namespace dpml::DPML_KERNEL_NAMESPACE
