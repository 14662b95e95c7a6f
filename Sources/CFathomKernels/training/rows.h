// Operations on rows of values, forward and backward. Plain loops over 16 neighbours, which every compiler makes vectors of;
// each variant of the kernels includes them, the reference too. Source of the gradients: the chain rule, checked in tests
// against automatic differentiation in f64.

// Adds f(k) for all k to 16 partial sums and halves them.
#define FT_SUM(result, width, term)                                           \
  do {                                                                        \
    float sums_[FK_LANES] = {0};                                              \
    size_t base_ = 0;                                                         \
    for (; base_ + FK_LANES <= (width); base_ += FK_LANES)                    \
      for (size_t lane_ = 0; lane_ < FK_LANES; lane_++) {                     \
        size_t k = base_ + lane_;                                             \
        sums_[lane_] += (term);                                               \
      }                                                                       \
    for (size_t k = base_; k < (width); k++) sums_[k - base_] += (term);      \
    for (size_t half_ = FK_LANES / 2; half_ > 0; half_ /= 2)                  \
      for (size_t lane_ = 0; lane_ < half_; lane_++) sums_[lane_] += sums_[lane_ + half_]; \
    result = sums_[0];                                                        \
  } while (0)

static float ft_norm_forward(float *restrict y, const float *x, const float *weight, size_t width, float epsilon) {
  float square;
  FT_SUM(square, width, x[k] * x[k]);
  float inverse = 1.0f / sqrtf(square / (float)width + epsilon);
  for (size_t k = 0; k < width; k++) y[k] = x[k] * inverse * weight[k];
  return inverse;
}

// With n = x * inverse: dx = inverse * (dy * weight - n * mean(dy * weight * n)).
static void ft_norm_backward(float *restrict dx, float *restrict dweight, const float *dy, const float *x,
                             const float *weight, float inverse, size_t width, int accumulate) {
  float along;
  FT_SUM(along, width, dy[k] * weight[k] * x[k]);
  float back = along * inverse * inverse / (float)width;
  if (dweight)
    for (size_t k = 0; k < width; k++) dweight[k] += dy[k] * x[k] * inverse;
  if (accumulate)
    for (size_t k = 0; k < width; k++) dx[k] += inverse * (dy[k] * weight[k] - x[k] * back);
  else
    for (size_t k = 0; k < width; k++) dx[k] = inverse * (dy[k] * weight[k] - x[k] * back);
}

static void ft_swiglu_forward(float *restrict y, const float *gate, const float *up, size_t width, float limit) {
  for (size_t k = 0; k < width; k++) {
    float g = gate[k] > limit ? limit : gate[k], u = up[k] > limit ? limit : up[k];
    u = u < -limit ? -limit : u;
    y[k] = g / (1.0f + fk_exp(-g)) * u;
  }
}

static void ft_swiglu_backward(const float *restrict dy, float *restrict gate, float *restrict up, size_t width,
                               float limit) {
  for (size_t k = 0; k < width; k++) {
    float g = gate[k] > limit ? limit : gate[k], u = up[k] > limit ? limit : up[k];
    u = u < -limit ? -limit : u;
    float logistic = 1.0f / (1.0f + fk_exp(-g)), silu = g * logistic;
    float dgate = dy[k] * u * (logistic + silu * (1.0f - logistic)), dup = dy[k] * silu;
    dup = up[k] > limit || up[k] < -limit ? 0 : dup;
    gate[k] = gate[k] > limit ? 0 : dgate;
    up[k] = dup;
  }
}

static float ft_cross_entropy(float *restrict logits, size_t width, size_t target, float weight) {
  float largest = logits[0], wanted = logits[target], sum;
  for (size_t k = 1; k < width; k++) largest = logits[k] > largest ? logits[k] : largest;
  for (size_t k = 0; k < width; k++) logits[k] = fk_exp(logits[k] - largest);
  FT_SUM(sum, width, logits[k]);
  float factor = weight / sum;
  for (size_t k = 0; k < width; k++) logits[k] *= factor;
  logits[target] -= weight;
  return weight * (logf(sum) - (wanted - largest));
}

// With l = log softmax(logits) - log softmax(teacher): d loss / d logits = weight * softmax(logits) * (l - divergence).
static float ft_reverse_kl(float *restrict logits, const float *restrict teacher, size_t width, float weight,
                           float *restrict entropy) {
  float largest = logits[0], teachers = teacher[0], sum, other, divergence, information;
  for (size_t k = 1; k < width; k++) {
    largest = logits[k] > largest ? logits[k] : largest;
    teachers = teacher[k] > teachers ? teacher[k] : teachers;
  }
  FT_SUM(sum, width, fk_exp(logits[k] - largest));
  FT_SUM(other, width, fk_exp(teacher[k] - teachers));
  float whole = largest + logf(sum), gap = whole - (teachers + logf(other)), share = 1.0f / sum;
  FT_SUM(divergence, width, share * fk_exp(logits[k] - largest) * (logits[k] - teacher[k] - gap));
  FT_SUM(information, width, share * fk_exp(logits[k] - largest) * (whole - logits[k]));
  for (size_t k = 0; k < width; k++)
    logits[k] = weight * share * fk_exp(logits[k] - largest) * (logits[k] - teacher[k] - gap - divergence);
  *entropy = information;
  return divergence;
}

static float ft_sum_of_squares(const float *x, size_t count) {
  float sum;
  FT_SUM(sum, count, x[k] * x[k]);
  return sum;
}

static void ft_blend(float *y, const float *x, float a, float b, size_t count) {
  for (size_t k = 0; k < count; k++) y[k] = a * x[k] + b * y[k];
}
