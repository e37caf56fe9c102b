// The kernels of a compiled model on a CPU: what each computes, the structs that describe one call, and the tables of
// functions, one table per instruction set. Not the loops: those are in templates/. Read README.md for the layouts.
#pragma once

#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

/// Outputs in a panel of packed weights, tokens in a page of the cache, and lanes of the widest vector.
#define VLMC_PANEL_OUTPUTS 16
#define VLMC_PAGE_TOKENS 16
/// Rows of one product that are packed and multiplied together; callers walk through more rows in blocks.
#define VLMC_ROW_BLOCK 252
/// Scales that packing tries for each group of an integer format.
#define VLMC_SCALE_CANDIDATES 16
/// Inputs of a block: those among which packing makes up for what one of them loses, if it is told how.
#define VLMC_FEEDBACK_INPUTS 128
/// Floats from a row's inner numbers of an adapter to the next row's.
#define VLMC_ADAPTER_ROW_STRIDE 272
/// The widest attention head; every head dimension is a multiple of 16.
#define VLMC_MAXIMUM_HEAD_DIM 256

/// How elements lie in panels (`WeightFormat.kernelTag`). u8 weights hold value + 128.
enum vlmc_weight_format {
    VLMC_FORMAT_F32 = 0,    ///< [panel][input][16] float
    VLMC_FORMAT_BF16 = 1,   ///< [panel][input / 2][16][2] bfloat16
    VLMC_FORMAT_F16 = 2,    ///< [panel][input][16] half, an even number of inputs
    VLMC_FORMAT_W8G32 = 3,  ///< [panel][input / 64] of u8 [2][8][16][4] and half scales [2][16]
    VLMC_FORMAT_W8 = 4,     ///< [panel] of u8 [input / 32][8][16][4] and float scales [16]
    VLMC_FORMAT_W4G32 = 5,  ///< [panel][input / 64] of nibbles [2][4][16][8] (value + 8) and half scales [2][16]
    VLMC_FORMAT_W4G128 = 6, ///< [panel][input / 128] of nibbles [16][16][8], half scales [16], u8 zeros [16], 16 bytes
};

/// How keys and values lie in pages of the cache.
enum vlmc_page_format {
    VLMC_PAGES_F32 = 0,
    VLMC_PAGES_BF16 = 1,
    VLMC_PAGES_INT8 = 2, ///< value / scale, with one float scale per token and head: the greatest magnitude / 127
};

enum vlmc_source_type { VLMC_SOURCE_F32, VLMC_SOURCE_BF16, VLMC_SOURCE_F16, VLMC_SOURCE_F64 };

enum vlmc_norm_kind { VLMC_NORM_NONE, VLMC_NORM_RMS, VLMC_NORM_LAYER };

enum vlmc_activation {
    VLMC_ACTIVATION_NONE,
    VLMC_ACTIVATION_SILU,         ///< x / (1 + exp(-x))
    VLMC_ACTIVATION_GELU,         ///< x / 2 * (1 + erf(x / sqrt 2))
    VLMC_ACTIVATION_GELU_TANH,    ///< x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3)))
    VLMC_ACTIVATION_QUICK_GELU,   ///< x / (1 + exp(-1.702 x))
    VLMC_ACTIVATION_RELU,         ///< max(x, 0)
    VLMC_ACTIVATION_RELU_SQUARED, ///< max(x, 0)^2
};

/// A packed matrix [outputs, inputs]; panels start at multiples of 64 bytes.
struct vlmc_matrix {
    const void *panels;
    int32_t outputs;
    int32_t inputs;
    uint32_t format;
};

/// none: x. rms: x / sqrt(mean(x^2) + epsilon) * weight. layer: (x - mean) / sqrt(variance + epsilon) * weight + bias.
struct vlmc_norm {
    uint32_t kind;
    float epsilon;
    const float *_Nullable weight; ///< NULL: all ones
    const float *_Nullable bias;   ///< NULL: all zeros
};

/// How products of few rows read their weights. Results do not depend on it.
struct vlmc_tuning {
    int32_t ahead_bytes;       ///< how far ahead of the multiplication a panel is fetched: a multiple of 64
    int32_t small_chunk_bytes; ///< the least bytes of weights that are worth a chunk: at least 1
    int32_t long_quarters;     ///< quarters of the weights, 0 to 4, that are cut into a few long ranges
};

/// What an adapter adds to a panel of a matrix: `count` of the inner numbers, from `first` on, times `weights`.
struct vlmc_adapter_panel {
    const float *_Nullable weights; ///< [count][16]
    int32_t first;
    int32_t count; ///< 0: nothing is added to this panel
};

/// What an adapter adds to a product with a matrix: input times `down`, `inner` numbers, times what `up` says.
struct vlmc_adapter_matrix {
    const void *down; ///< a packed matrix [inner, inputs] in VLMC_FORMAT_F32
    int32_t inner;
    const struct vlmc_adapter_panel *up; ///< for each panel of the matrix, in its order
};

/// Rows of a product that have the same adapter, and what it adds to them.
struct vlmc_adapter_rows {
    int32_t first; ///< counted from the product's first row
    int32_t rows;
    const struct vlmc_adapter_matrix *matrix;
    int32_t first_chunk; ///< written by the plan of adapter_down
};

/// Rows of a product and their adapters, apart and ascending, and the inner numbers of the former as adapter_down leaves
/// them: [inner / 256][row][VLMC_ADAPTER_ROW_STRIDE], vlmc_adapter_scratch_bytes.
struct vlmc_adapters {
    struct vlmc_adapter_rows *rows;
    int32_t count; ///< of `rows`
    float *inner;
};

/// norm(input) times a matrix, for `rows` (at most VLMC_ROW_BLOCK) rows from `first_row` on, and what adapters add to
/// that. The first chunks of a call fill `packed` (vlmc_packed_input_bytes, one call at a time); all others wait until
/// they are done.
struct vlmc_product {
    const float *input;
    ptrdiff_t input_stride; ///< floats from a row to the next, as all strides here
    int32_t first_row;
    int32_t rows;
    struct vlmc_matrix weight;
    struct vlmc_norm norm;
    void *packed;
    const struct vlmc_tuning *_Nullable tuning;     ///< NULL: vlmc_default_tuning
    const struct vlmc_adapters *_Nullable adapters; ///< whose inner numbers are there; NULL: none
    int32_t pack_chunks;                            ///< written by the plan: chunks that pack
};

/// The inner numbers of `adapters`: norm(input) times `down` of each row's own adapter. Of `product` everything counts
/// that says what its rows are; of its matrix the inputs, and the format must be VLMC_FORMAT_F32.
struct vlmc_adapter_down {
    struct vlmc_product product;
    struct vlmc_adapters adapters;
};

/// How the panels or heads of a product are cut into chunks: large ones first, the rest in small ones.
struct vlmc_cut {
    int32_t large_chunks;
    int32_t large_size;
    int32_t small_size;
};

/// output = activation(product + bias) + residual; if `gated`, activation(gate + bias) * (up + up_bias) + residual,
/// where the matrix holds a panel of gate and a panel of up in turn and `weight.outputs` counts the gates.
/// With `greatest`, rows from `written_rows` on leave only their greatest output, as vlmc_greatest_output reads it.
struct vlmc_linear {
    struct vlmc_product product;
    const float *_Nullable bias;
    const float *_Nullable up_bias;
    const float *_Nullable residual; ///< may be `output`
    ptrdiff_t residual_stride;
    float *output;
    ptrdiff_t output_stride;
    uint32_t activation;
    uint32_t gated;
    struct vlmc_cut cut; ///< of panels, written by the plan
    uint64_t *_Nullable greatest; ///< row `written_rows + i` at [i], 0 before; NULL: all rows are written
    int32_t written_rows;
};

/// The greatest output of a row, and which it is: the first of equal ones. If outputs are infinite or not a number, the
/// first of them, and infinity for its value.
struct vlmc_greatest_output {
    float value;
    int32_t output;
};

/// What a linear has left in `greatest`. 64 bits that compare as outputs do: the greater value, then the lower output.
static inline struct vlmc_greatest_output vlmc_greatest_output(uint64_t ordered) {
    const uint32_t high = (uint32_t)(ordered >> 32);
    const union {
        uint32_t bits;
        float value;
    } value = {high & 0x80000000 ? high ^ 0x80000000 : ~high};
    return (struct vlmc_greatest_output){value.value, (int32_t)~(uint32_t)ordered};
}

/// Pages of cached keys and values of one layer: [key-value head][block][page], of vlmc_page_format `format`.
/// A page of keys is a panel whose outputs are 16 tokens and whose inputs are the head's dimensions; a page of values
/// is head_dim / 16 panels whose outputs are 16 dimensions and whose inputs are the 16 tokens. Elements of one byte lie
/// as those of two do; 16 floats, the tokens' scales, follow them.
struct vlmc_pages {
    void *_Nullable keys;
    void *_Nullable values;
    uint32_t format;
    int32_t blocks;
};

/// The product's outputs are heads: queries, then keys, then values. Per head: + bias, norm (queries and keys), rotary
/// embedding (queries and keys), and then it is stored: queries in rows; keys and values in pages at `slots[row]` if
/// `pages.keys` is set, else in rows.
struct vlmc_project_heads {
    struct vlmc_product product;
    const float *_Nullable bias;
    struct vlmc_norm query_norm;
    struct vlmc_norm key_norm;
    const float *_Nullable rotary; ///< [row][rotary_dim]: cosines, then sines; NULL: no rotary embedding
    int32_t rotary_dim;            ///< the first dimensions of a head: d is paired with d + rotary_dim / 2
    int32_t head_dim;
    int32_t query_heads;
    int32_t key_heads;
    int32_t value_heads;
    struct vlmc_cut cut; ///< of heads, written by the plan
    float *_Nullable queries;
    ptrdiff_t query_stride;
    float *_Nullable key_rows;
    float *_Nullable value_rows;
    ptrdiff_t key_value_stride;
    struct vlmc_pages pages;
    const int32_t *_Nullable slots; ///< block * 16 + place in the block, per row
};

/// Queries of one sequence (or window) and the keys that they may see.
struct vlmc_segment {
    int32_t query_begin; ///< first row of `queries` and `output`
    int32_t query_count;
    int32_t key_count;
    int32_t first_query_index;            ///< index in its sequence of the first query; not a rotary position
    int32_t key_begin;                    ///< first row of the keys, where they are rows
    const int32_t *_Nullable block_table; ///< blocks of the keys, where they are pages
    int32_t first_chunk;                  ///< written by the plan
};

/// output = softmax(scale * queries . keys^T) . values, per head; a query that sees no key yields zeros.
struct vlmc_attention {
    const float *queries; ///< [row][query head][head_dim]
    ptrdiff_t query_stride;
    float *output; ///< as `queries`; may not overlap them
    ptrdiff_t output_stride;
    int32_t query_heads;
    int32_t key_value_heads;
    int32_t head_dim;
    float scale;     ///< positive
    uint32_t causal; ///< query i of a segment sees keys 0 ... first_query_index + i, else all of the segment
    struct vlmc_segment *segments;
    int32_t segment_count;
    struct vlmc_pages pages;         ///< used if `pages.keys` is set, else rows
    const float *_Nullable key_rows; ///< [key][key-value head][head_dim]
    const float *_Nullable value_rows;
    ptrdiff_t key_value_stride;
    uint32_t row_format; ///< VLMC_FORMAT_BF16: rows may be rounded to bfloat16 where the machine multiplies that
    void *partials; ///< vlmc_attention_partial_bytes of memory for key ranges that run in parallel
    size_t partial_bytes;
    uint32_t split;       ///< written by the plan: 1 if chunks are key ranges and `attention_merge` must follow
    int32_t merge_chunks; ///< written by the plan: chunks of `attention_merge`, 0 unless split
    int32_t merge_parts;  ///< written by the plan, as what follows
    int32_t chunk_rows;
    int32_t chunk_heads;
};

/// output = norm(input), row by row; `output` may be `input`.
struct vlmc_norm_rows {
    const float *input;
    ptrdiff_t input_stride;
    float *output;
    ptrdiff_t output_stride;
    struct vlmc_norm norm;
    int32_t rows;
    int32_t width;
    int32_t chunk_rows; ///< written by the plan
};

/// output[row] = the matrix's output `tokens[row]`, all its inputs.
struct vlmc_embedding {
    struct vlmc_matrix weight;
    const int32_t *tokens;
    float *output;
    ptrdiff_t output_stride;
    int32_t rows;
    int32_t chunk_rows; ///< written by the plan
};

/// gather: output[row] = input[indices[row]]. scatter: output[indices[row]] = input[row], indices all different.
/// Without indices both copy row by row.
struct vlmc_move_rows {
    const float *input;
    ptrdiff_t input_stride;
    float *output;
    ptrdiff_t output_stride;
    const int32_t *_Nullable indices;
    int32_t rows;
    int32_t width;
    int32_t chunk_rows; ///< written by the plan
};

/// output[i] = left[i] + right[i], left[i] * right[i] or activation(left[i]); `output` may be either of them.
enum vlmc_elementwise_operation { VLMC_ELEMENTWISE_ADD, VLMC_ELEMENTWISE_MULTIPLY, VLMC_ELEMENTWISE_ACTIVATE };

struct vlmc_elementwise {
    const float *left;
    const float *_Nullable right;
    float *output;
    int64_t count;
    uint32_t operation;
    uint32_t activation;
    int64_t chunk_elements; ///< written by the plan, a multiple of 16
};

/// output[row][f] = magnitude * cos(positions[axes[f]][row] * inverse_frequencies[f]), and the sines after all cosines.
struct vlmc_rotary_table {
    const int32_t *positions; ///< [axis][position_stride]
    ptrdiff_t position_stride;
    const float *inverse_frequencies; ///< [frequencies]
    const int32_t *axes;              ///< [frequencies]
    float magnitude;
    float *output; ///< [row][2 * frequencies]
    int32_t rows;
    int32_t frequencies;
    int32_t chunk_rows; ///< written by the plan
};

/// Consecutive panels of a packed matrix and the rows they are made of: output o of panel p is `rows[16 p + o]`,
/// `inputs` elements of `source_types[16 p + o]`; a NULL row is a row of zeros. Integer formats take the scale (and
/// zero point) of each group that has the least sum of `importance` times squared error among VLMC_SCALE_CANDIDATES. With
/// `feedback`, a block of inputs is rounded in its `order`, and what the i-th loses, times feedback[i][j], is added to the
/// j-th, for each j > i.
struct vlmc_pack_panels {
    const void *_Nullable const *_Nonnull rows;
    const uint32_t *source_types;
    void *destination;
    int32_t inputs;
    int32_t panels;
    uint32_t format;
    const float *_Nullable importance; ///< [inputs]; NULL: all ones
    const float *_Nullable feedback;   ///< [inputs / VLMC_FEEDBACK_INPUTS, rounded up][i][j]; NULL: none
    const uint8_t *_Nullable order;    ///< [inputs / VLMC_FEEDBACK_INPUTS, rounded up][i], with `feedback`
    double squared_error;              ///< written: the sum of (packed - source)^2
    double squared_values;             ///< written: the sum of source^2
};

/// Consecutive panels made of rows that are quantised already, as checkpoints of AWQ and GPTQ hold them; the arrays are
/// as `rows` of vlmc_pack_panels, and NULL for a row of zeros. Nothing is rounded but scales to half precision.
struct vlmc_pack_quantized_panels {
    const uint8_t *_Nullable const *_Nonnull values;     ///< [inputs], as stored (+ 128, + 8, or + zero)
    const float *_Nullable const *_Nonnull scales;       ///< [groups]
    const uint8_t *_Nullable const *_Nullable zeros;     ///< [groups], for VLMC_FORMAT_W4G128; NULL: all 8
    void *destination;
    int32_t inputs;
    int32_t panels;
    uint32_t format;
};

/// The 16 outputs of one panel as floats: output o, input i at rows[o * row_stride + i].
struct vlmc_unpack_panel {
    const void *panel;
    float *rows;
    ptrdiff_t row_stride;
    int32_t inputs;
    uint32_t format;
};

/// Does one chunk of the call that `arguments` describe, in `scratch` of vlmc_scratch_bytes, aligned to 64 bytes.
typedef void (*vlmc_chunk_function)(const void *arguments, int32_t chunk, void *scratch);

/// The kernels for one instruction set. A plan says how many chunks a call has for that many threads; chunks are
/// claimed in ascending order and run at the same time: one may wait for another that was claimed before. Results do
/// not depend on the number of threads, on the chunks, or on which other rows are in the call.
struct vlmc_cpu_kernels {
    const char *name;

    int32_t (*linear_plan)(struct vlmc_linear *arguments, int32_t threads);
    vlmc_chunk_function linear;

    int32_t (*adapter_down_plan)(struct vlmc_adapter_down *arguments, int32_t threads);
    vlmc_chunk_function adapter_down;

    int32_t (*project_heads_plan)(struct vlmc_project_heads *arguments, int32_t threads);
    vlmc_chunk_function project_heads;

    int32_t (*attention_plan)(struct vlmc_attention *arguments, int32_t threads);
    vlmc_chunk_function attention;
    vlmc_chunk_function attention_merge;

    int32_t (*norm_rows_plan)(struct vlmc_norm_rows *arguments, int32_t threads);
    vlmc_chunk_function norm_rows;

    int32_t (*embedding_plan)(struct vlmc_embedding *arguments, int32_t threads);
    vlmc_chunk_function embedding;

    int32_t (*gather_rows_plan)(struct vlmc_move_rows *arguments, int32_t threads);
    vlmc_chunk_function gather_rows;
    int32_t (*scatter_rows_plan)(struct vlmc_move_rows *arguments, int32_t threads);
    vlmc_chunk_function scatter_rows;

    int32_t (*elementwise_plan)(struct vlmc_elementwise *arguments, int32_t threads);
    vlmc_chunk_function elementwise;

    int32_t (*rotary_table_plan)(struct vlmc_rotary_table *arguments, int32_t threads);
    vlmc_chunk_function rotary_table;

    /// Packs panels and returns how many of their elements are infinite or not a number.
    int64_t (*pack_panels)(struct vlmc_pack_panels *arguments);
    /// Arranges quantised rows and returns how many of their scales are infinite or not a number.
    int64_t (*pack_quantized_panels)(const struct vlmc_pack_quantized_panels *arguments);
    void (*unpack_panel)(const struct vlmc_unpack_panel *arguments);
};

/// The best kernels that this CPU can run.
const struct vlmc_cpu_kernels *vlmc_cpu_kernels_best(void);
/// The kernels called `name` (scalar, avx2, avxvnni, avx512, avx512vnni, avx512bf16), or NULL if unknown or if
/// this CPU cannot run them.
const struct vlmc_cpu_kernels *_Nullable vlmc_cpu_kernels_named(const char *name);
/// The name at `index` in the list of all kernel sets of this build, best last, or NULL past its end.
const char *_Nullable vlmc_cpu_kernels_name(int32_t index);

/// Bytes of scratch that every worker needs, whatever the call.
size_t vlmc_scratch_bytes(void);
/// How products with weights of this format are read if nothing else is said: the best on the machines that it was
/// measured on.
struct vlmc_tuning vlmc_default_tuning(uint32_t format);
/// Bytes of one panel of a matrix with this many inputs.
size_t vlmc_panel_bytes(uint32_t format, int32_t inputs);
/// Bytes of `vlmc_product.packed` for this many inputs.
size_t vlmc_packed_input_bytes(int32_t inputs);
/// Bytes of `vlmc_adapters.inner` for matrices of so many inner numbers.
size_t vlmc_adapter_scratch_bytes(int32_t inner);
/// Bytes of `vlmc_attention.partials` worth having on this many threads.
size_t vlmc_attention_partial_bytes(int32_t threads);

#pragma clang assume_nonnull end
