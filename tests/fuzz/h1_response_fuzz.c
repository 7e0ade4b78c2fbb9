/* SPDX-License-Identifier: MIT */
/* Response heads. The first byte: bit 0 relaxed, bits 1-2 the request's method, the rest the size
 * of the pieces. */
#include "h1_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum http_method methods[4] = {HTTP_GET, HTTP_HEAD, HTTP_CONNECT, HTTP_POST};
	struct way w = {.is_response = true,
			.options = {.max_bytes = 65536, .max_headers = MAX_FIELDS - 4}};

	if (size == 0 || size > 60000)
		return 0;
	w.options.relaxed = data[0] & 1;
	w.to = methods[data[0] >> 1 & 3];
	check_head(&w, span_make(data + 1, size - 1), (size_t)(data[0] >> 3) + 1);
	return 0;
}
