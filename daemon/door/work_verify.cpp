// SPDX-License-Identifier: Apache-2.0
#include "work.hpp"
#include <mohr/base/encoding.hpp>
#include <mohr/signing/cms_signed.hpp>

#include <nlohmann/json.hpp>

#include <array>

namespace mohr::door {
namespace {

using nlohmann::json;
using protocol::Code;

std::string_view verdict_name(signing::SignerVerdict verdict) {
    constexpr std::array<std::string_view, 7> names{
        "valid",         "digest_mismatch", "signature_invalid", "attributes_invalid", "certificate_missing",
        "chain_invalid", "unsupported"};
    return names.at(static_cast<std::size_t>(verdict));
}

json report_object(const signing::SignedDataReport& report) {
    json signers = json::array();
    for (const signing::SignerReport& one : report.signers) {
        json signer = json::object();
        signer["verdict"] = verdict_name(one.verdict);
        if (one.certificate) {
            signer["subject"] = one.certificate->subject();
            signer["certificate"] = to_base64(one.certificate->der());
        }
        signer["digestAlgorithm"] = digest_name(one.digest_algorithm);
        if (one.signing_time) signer["signingTime"] = to_rfc3339(*one.signing_time);
        signer["chainChecked"] = one.chain_checked;
        signer["detail"] = one.detail;
        signers.push_back(std::move(signer));
    }
    json object = json::object();
    object["valid"] = report.valid();
    object["detached"] = report.detached;
    object["size"] = report.content_size;
    object["signers"] = std::move(signers);
    return object;
}

class Verifying final : public Work {
public:
    Verifying(const WorkContext& context, VerifyWork parameters)
        : context_(context), parameters_(std::move(parameters)), cms_(*this, Part::cms),
          content_(*this, Part::content) {}
    ~Verifying() override {
        parameters_.cms->detach();
        if (parameters_.document) parameters_.document->detach();
    }

    void start() override {
        std::vector<Certificate> anchors;
        for (std::size_t i = 0; i < parameters_.anchors.size(); ++i) {
            auto certificate = Certificate::from_der(parameters_.anchors[i]);
            if (!certificate) {
                Failure failure(Code::malformed_data, certificate.error().describe());
                failure.path = "trustAnchors[" + std::to_string(i) + "]";
                return finish(std::move(failure));
            }
            anchors.push_back(std::move(*certificate));
        }
        reader_ =
            std::make_unique<signing::SignedDataReader>(std::move(anchors), context_.clock.now(), nullptr);
        open_ = parameters_.document ? 2 : 1;
        parameters_.cms->attach(cms_);
        if (parameters_.document && !finished_) parameters_.document->attach(content_);
    }
    void on_answer(Outcome<link::Answer>) override {}

private:
    enum class Part { cms, content };
    class Input final : public Consumer {
    public:
        Input(Verifying& work, Part part) : work_(work), part_(part) {}
        [[nodiscard]] bool ready() const override { return true; }
        [[nodiscard]] std::uint64_t window() const override { return work_.context_.direct_window; }
        void take(ByteView bytes) override { work_.take(part_, bytes); }
        void end() override { work_.ended(); }
        void failed(const Failure& failure) override { work_.finish(failure); }

    private:
        Verifying& work_;
        Part part_;
    };

    void take(Part part, ByteView bytes) {
        if (finished_) return;
        done_ += bytes.size();
        const auto written = part == Part::cms ? reader_->write(bytes) : reader_->write_content(bytes);
        if (!written) return finish(failure_of(written.error(), part == Part::cms ? "cms" : "document"));
        auto total = parameters_.cms->size();
        if (parameters_.document && total)
            total = parameters_.document->size() ? std::optional(*total + *parameters_.document->size())
                                                 : std::nullopt;
        context_.host.progress(done_, total);
    }
    void ended() {
        if (--open_ > 0 || finished_) return;
        const auto report = reader_->finish();
        if (!report) return finish(failure_of(report.error(), "cms"));
        WorkResult result;
        *result.fields = report_object(*report);
        finish(std::move(result));
    }
    void finish(Outcome<WorkResult> result) {
        if (std::exchange(finished_, true)) return;
        context_.host.finish(std::move(result));
    }

    WorkContext context_;
    VerifyWork parameters_;
    Input cms_;
    Input content_;
    std::unique_ptr<signing::SignedDataReader> reader_;
    int open_ = 0;
    std::uint64_t done_ = 0;
    bool finished_ = false;
};

} // namespace

std::unique_ptr<Work> make_verify_work(const WorkContext& context, VerifyWork parameters) {
    return std::make_unique<Verifying>(context, std::move(parameters));
}

} // namespace mohr::door
