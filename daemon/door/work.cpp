// SPDX-License-Identifier: Apache-2.0
#include "work.hpp"

#include <mohr/base/encoding.hpp>
#include <mohr/signing/errors.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <deque>

namespace mohr::door {

using nlohmann::json;
using protocol::Code;

WorkResult::WorkResult() : fields(std::make_unique<json>(json::object())) {}
WorkResult::WorkResult(WorkResult&&) noexcept = default;
WorkResult& WorkResult::operator=(WorkResult&&) noexcept = default;
WorkResult::~WorkResult() = default;

Failure failure_of(const Error& error, std::string path) {
    using signing::SigningErrc;
    Failure failure(Code::internal_error, error.describe());
    if (error.code.category() == make_error_code(SigningErrc::malformed).category()) {
        switch (static_cast<SigningErrc>(error.code.value())) {
        case SigningErrc::malformed:
        case SigningErrc::truncated:
            failure.code = Code::malformed_data;
            break;
        case SigningErrc::unsupported:
            failure.code = Code::unsupported_algorithm;
            break;
        case SigningErrc::limit:
            failure.code = Code::limit_exceeded;
            failure.limit = "content";
            break;
        case SigningErrc::no_recipient:
            failure.code = Code::not_a_recipient;
            break;
        case SigningErrc::decryption_failed:
            failure.code = Code::decryption_failed;
            break;
        case SigningErrc::content_missing:
            failure.code = Code::invalid_params;
            path = "document";
            break;
        case SigningErrc::key_usage:
            failure.code = Code::key_usage;
            break;
        }
    } else if (error.code == make_error_code(BaseErrc::malformed)) {
        failure.code = Code::malformed_data;
    } else if (error.code == make_error_code(BaseErrc::unsupported)) {
        failure.code = Code::unsupported_algorithm;
    }
    if (failure.code == Code::malformed_data || failure.code == Code::invalid_params)
        failure.path = std::move(path);
    return failure;
}

namespace {

constexpr std::size_t kept_certificates = 16;

bool same(const link::CertificateView& a, const link::CertificateView& b) {
    return a.handle == b.handle && a.state == b.state && a.certificate == b.certificate && a.chain == b.chain;
}

} // namespace

Result<std::shared_ptr<const std::string>> certificate_text(const link::CertificateView& view) {
    struct Kept {
        link::CertificateView view;
        std::shared_ptr<const std::string> text;
    };
    thread_local std::deque<Kept> kept;
    const auto known =
        std::find_if(kept.begin(), kept.end(), [&](const Kept& one) { return same(one.view, view); });
    if (known != kept.end()) return known->text;
    const auto object = protocol::web::certificate_object(view);
    if (!object) return object.error();
    auto text =
        std::make_shared<const std::string>(object->dump(-1, ' ', false, json::error_handler_t::replace));
    if (kept.size() >= kept_certificates) kept.pop_front();
    kept.push_back({view, text});
    return text;
}

namespace {

class PlainWork final : public Work {
public:
    PlainWork(const WorkContext& context, link::Request request)
        : host_(context.host), request_(std::move(request)) {}

    void start() override { host_.operate(std::move(request_), {}); }

    void on_answer(Outcome<link::Answer> answer) override {
        if (!answer) return host_.finish(answer.error());
        WorkResult result;
        auto filled = std::visit([&](const auto& value) { return fill(result, value); }, *answer);
        if (!filled) return host_.finish(Failure(Code::internal_error, filled.error().describe()));
        host_.finish(std::move(result));
    }

private:
    static Result<void> certificate(WorkResult& result, const link::CertificateView& view) {
        auto text = certificate_text(view);
        if (!text) return text.error();
        result.certificate = std::move(*text);
        return {};
    }
    static Result<void> fill(WorkResult& result, const link::AccessGranted&) {
        (*result.fields)["access"] = "granted";
        return {};
    }
    static Result<void> fill(WorkResult& result, const link::Selected& value) {
        return certificate(result, value.certificate);
    }
    static Result<void> fill(WorkResult& result, const link::Imported& value) {
        return certificate(result, value.certificate);
    }
    static Result<void> fill(WorkResult& result, const link::Listed& value) {
        json list = json::array();
        for (const link::CertificateView& view : value.certificates) {
            auto object = protocol::web::certificate_object(view);
            if (!object) return object.error();
            list.push_back(std::move(*object));
        }
        (*result.fields)["certificates"] = std::move(list);
        return {};
    }
    static Result<void> fill(WorkResult& result, const link::Authenticated& value) {
        json& fields = *result.fields;
        fields["algorithm"] = protocol::web::algorithm_name(value.scheme, value.digest_algorithm);
        fields["signature"] = to_base64(value.signature);
        fields["origin"] = value.origin;
        return certificate(result, value.certificate);
    }
    static Result<void> fill(WorkResult& result, const link::Generated& value) {
        json& fields = *result.fields;
        fields["keyId"] = value.key_id;
        fields["request"] = to_base64(value.request);
        return {};
    }
    template <class Other>
    static Result<void> fill(WorkResult&, const Other&) {
        return Error(BaseErrc::malformed, "the core answered another operation");
    }

    WorkHost& host_;
    link::Request request_;
};

} // namespace

std::unique_ptr<Work> make_plain_work(const WorkContext& context, link::Request request) {
    return std::make_unique<PlainWork>(context, std::move(request));
}

} // namespace mohr::door
