/* SPDX-License-Identifier: MIT */
/* The tables of what happens to a stream, in order; the engine that walks them is in stream.c. */
#include "proxy/steps.h"

const struct step steps_http[STEPS] = {
    [STEP_READ_HEAD] = {"read_head", step_read_head},
    [STEP_REQUEST_RULES] = {"request_rules", step_request_rules},
    [STEP_PICK_BACKEND] = {"pick_backend", step_pick_backend},
    [STEP_BACKEND_RULES] = {"backend_rules", step_backend_rules},
    [STEP_SERVE] = {"serve", step_serve},
    [STEP_PICK_SERVER] = {"pick_server", step_pick_server},
    [STEP_WAIT_QUEUE] = {"wait_queue", step_wait_queue},
    [STEP_CONNECT] = {"connect", step_connect},
    [STEP_SEND_HEAD] = {"send_head", step_send_head},
    [STEP_READ_RESPONSE] = {"read_response", step_read_response},
    [STEP_RESPONSE_RULES] = {"response_rules", step_response_rules},
    [STEP_PUMP] = {"pump", step_pump},
    [STEP_FLUSH] = {"flush", step_flush},
    [STEP_LOG] = {"log", step_log},
    [STEP_FINISH] = {"finish", step_finish},
};

const struct step steps_tcp[STEPS] = {
    [STEP_READ_HEAD] = {"read_head", step_skip},
    [STEP_REQUEST_RULES] = {"request_rules", step_skip},
    [STEP_PICK_BACKEND] = {"pick_backend", step_pick_backend},
    [STEP_BACKEND_RULES] = {"backend_rules", step_skip},
    [STEP_SERVE] = {"serve", step_skip},
    [STEP_PICK_SERVER] = {"pick_server", step_pick_server},
    [STEP_WAIT_QUEUE] = {"wait_queue", step_wait_queue},
    [STEP_CONNECT] = {"connect", step_connect},
    [STEP_SEND_HEAD] = {"send_head", step_skip},
    [STEP_READ_RESPONSE] = {"read_response", step_skip},
    [STEP_RESPONSE_RULES] = {"response_rules", step_skip},
    [STEP_PUMP] = {"pump", step_pump},
    [STEP_FLUSH] = {"flush", step_flush},
    [STEP_LOG] = {"log", step_log},
    [STEP_FINISH] = {"finish", step_finish},
};
