// The table of one instruction set.
const ft_kernels FT_TABLE = {FT_LEFT,           FT_RIGHT,           ft_pack,          ft_multiply,          ft_norm_forward,
                             ft_norm_backward,  ft_swiglu_forward,  ft_swiglu_backward, ft_cross_entropy,
                             ft_attention_forward, ft_attention_backward, ft_adam_step, ft_sum_of_squares,   ft_blend,
                             ft_reverse_kl};
