// SPDX-License-Identifier: Apache-2.0
// What a page sends first: one text message, through the envelope and the decoder of its method.
#include <mohr/base/bytes.hpp>
#include <mohr/protocol/web_api.hpp>

#include <nlohmann/json.hpp>

#include <cstdlib>

using namespace mohr;
using namespace mohr::protocol;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = as_text({data, size});
    auto message = jsonrpc::parse(text);
    if (!message) {
        // The refusal itself can always be sent.
        if (jsonrpc::make_error(message.error().id, message.error().failure).empty()) std::abort();
        (void)jsonrpc::parse(text, {.max_depth = 16, .attachments = true, .replies = true});
        return 0;
    }
    if (message->kind == jsonrpc::Kind::notification) {
        (void)web::decode_notice(message->method, *message->params);
        return 0;
    }
    const web::Method* const method = web::find_method(message->method);
    if (method == nullptr) return 0;
    const auto call = web::decode_call(*method, *message->params, {});
    if (!call && jsonrpc::make_error(message->id, call.error()).empty()) std::abort();
    return 0;
}
