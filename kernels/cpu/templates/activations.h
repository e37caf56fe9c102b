// Exponentials and the activation functions, sixteen values at a time.
// Not applied here: linear.h and elementwise.h call v_activate. Coefficients are minimax fits (Remez, relative error).
#pragma once

#include "../vectors/vector16.h"

/// 2^f for f in [-1/2, 1/2].
/// Math: polynomial of degree 6, relative error 1.9e-9 before rounding.
INLINE v16 v_exp2_of_fraction(v16 f) {
    v16 p = (v16)1.5345812e-4f;
    p = v_fma(p, f, (v16)1.3399931e-3f);
    p = v_fma(p, f, (v16)9.618489e-3f);
    p = v_fma(p, f, (v16)5.5503286e-2f);
    p = v_fma(p, f, (v16)2.4022646e-1f);
    p = v_fma(p, f, (v16)6.9314718e-1f);
    return v_fma(p, f, (v16)1.0f);
}

/// 2^f * 2^n for f in [-1/2, 1/2] and integer n in [-126, 127]; at most 1.5 units in the last place.
INLINE v16 v_scaled_exp2(v16 f, v16i n) {
    return v_exp2_of_fraction(f) * (v16)((n + 127) << 23);
}

// Adding this to |x| < 2^22 leaves the nearest integer in the low bits.
#define ROUNDING_CONSTANT 12582912.0f

/// 2^n for what `shifted`, a whole number n in [-127, 0] plus RAISED_ROUNDING_CONSTANT, says; 0 for -127.
#define RAISED_ROUNDING_CONSTANT (ROUNDING_CONSTANT + 127.0f)
INLINE v16 v_power_of_2(v16 shifted) {
    return (v16)((v16u)shifted << 23);
}

/// 2^x for x <= 0; results below 2^-126.5, and that of minus infinity, are 0.
/// Math: polynomial of degree 6, relative error 1.9e-9 before rounding; at most 1.5 units in the last place.
INLINE v16 v_exp2_of_nonpositive(v16 x) {
    const v16 clamped = v_max((v16)-127.0f, x); // keeps what is not a number
    const v16 shifted = clamped + RAISED_ROUNDING_CONSTANT;
    const v16 f = clamped - (shifted - RAISED_ROUNDING_CONSTANT);
    return v_exp2_of_fraction(f) * v_power_of_2(shifted);
}

/// As v_exp2_of_nonpositive, accurate enough for what is rounded to bfloat16 (relative error 2^-9).
/// Math: polynomial of degree 4, relative error 2.6e-6 before rounding.
INLINE v16 v_exp2_for_bf16(v16 x) {
    const v16 clamped = v_max((v16)-127.0f, x);
    const v16 shifted = clamped + RAISED_ROUNDING_CONSTANT;
    const v16 f = clamped - (shifted - RAISED_ROUNDING_CONSTANT);
    v16 p = (v16)9.5701013e-3f;
    p = v_fma(p, f, (v16)5.591786e-2f);
    p = v_fma(p, f, (v16)2.4024744e-1f);
    p = v_fma(p, f, (v16)6.931218e-1f);
    p = v_fma(p, f, (v16)9.999993e-1f);
    return p * v_power_of_2(shifted);
}

/// e^x for |x| <= 87; outside, the value at the nearer end.
/// Math: x = n ln 2 + r with ln 2 in two parts (Cody and Waite); at most 2 units in the last place.
INLINE v16 v_exp(v16 x) {
    const v16 clamped = v_max((v16)-87.0f, v_min((v16)87.0f, x));
    const v16 shifted = clamped * 1.44269504f + ROUNDING_CONSTANT;
    const v16i n = (v16i)shifted - (v16i)(v16)ROUNDING_CONSTANT;
    const v16 whole = shifted - ROUNDING_CONSTANT;
    v16 r = v_fma(whole, (v16)-0.693359375f, clamped); // 9 bits: the product is exact
    r = v_fma(whole, (v16)2.12194440e-4f, r);
    return v_scaled_exp2(r * 1.44269504f, n);
}

/// 1 / (1 + e^-x).
INLINE v16 v_sigmoid(v16 x) {
    return 1.0f / (1.0f + v_exp(-x));
}

/// The share of a standard normal distribution below x.
/// Math: erfc(t) = s P(s) exp(-t^2), s = 1 / (1 + 0.35 t), t = |x| / sqrt 2 <= 10; P of degree 9, relative error 7e-9
/// before rounding. Absolute error below 1.2e-7; relative error below 2e-6 for x >= -9.
INLINE v16 v_normal_share(v16 x) {
    const v16 t = v_max(x, -x) * 0.70710678f;
    const v16 s = 1.0f / v_fma(t, (v16)0.35f, (v16)1.0f);
    v16 p = (v16)3.8401049e-2f;
    p = v_fma(p, s, (v16)-1.5892825e-1f);
    p = v_fma(p, s, (v16)1.814611e-1f);
    p = v_fma(p, s, (v16)-2.770544e-2f);
    p = v_fma(p, s, (v16)8.701854e-2f);
    p = v_fma(p, s, (v16)1.4604232e-1f);
    p = v_fma(p, s, (v16)1.5118612e-1f);
    p = v_fma(p, s, (v16)1.8790242e-1f);
    p = v_fma(p, s, (v16)1.9713835e-1f);
    p = v_fma(p, s, (v16)1.9748378e-1f);
    const v16 upper = 0.5f * s * p * v_exp(-(t * t));
    return x < 0.0f ? upper : 1.0f - upper;
}

INLINE v16 v_activate(v16 x, uint32_t activation) {
    switch (activation) {
    case VLMC_ACTIVATION_SILU:
        return x * v_sigmoid(x);
    case VLMC_ACTIVATION_GELU:
        return x * v_normal_share(x);
    case VLMC_ACTIVATION_GELU_TANH: // (1 + tanh u) / 2 = 1 / (1 + exp(-2 u))
        return x * v_sigmoid(x * v_fma(x * x, (v16)(1.5957691f * 0.044715f), (v16)1.5957691f));
    case VLMC_ACTIVATION_QUICK_GELU:
        return x * v_sigmoid(x * 1.702f);
    case VLMC_ACTIVATION_RELU:
        return x < 0.0f ? (v16)0.0f : x;
    case VLMC_ACTIVATION_RELU_SQUARED:
        return x < 0.0f ? (v16)0.0f : x * x;
    default:
        return x;
    }
}
