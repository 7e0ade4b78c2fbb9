/* SPDX-License-Identifier: MIT */
/* Request heads. The first byte: bit 0 relaxed, bit 1 tight limits, the rest the size of the
 * pieces. */
#include "h1_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct way w = {.options = {.max_bytes = 65536, .max_headers = MAX_FIELDS - 4}};

	if (size == 0 || size > 60000)
		return 0;
	w.options.relaxed = data[0] & 1;
	if (data[0] & 2)
		w.options =
		    (struct h1_options){.max_bytes = 64, .max_headers = 3, .relaxed = data[0] & 1};
	check_head(&w, span_make(data + 1, size - 1), (size_t)(data[0] >> 2) + 1);
	return 0;
}
