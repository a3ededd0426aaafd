// SPDX-License-Identifier: Apache-2.0
#include "attached_cms.hpp"
#include "work.hpp"
#include <mohr/base/encoding.hpp>
#include <mohr/signing/cms_signed.hpp>
#include <mohr/signing/other_protocols.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>

namespace mohr::door {
namespace {

using nlohmann::json;
using protocol::Code;

/// A signature over a document that begins so could be shown to a portal as a login.
constexpr std::string_view login_context{"mohr-auth-v1\0", 13};
/// As much of a large document's beginning as is looked at.
constexpr std::size_t head_bytes = std::max(login_context.size(), signing::other_protocol_head_bytes);
/// Where bytes may have to wait for the core to hand out a spool.
constexpr std::uint64_t kept_window = 1024 * 1024;
/// Previews that the message itself carries: a descriptor costs more than copying this much.
constexpr std::size_t max_carried_previews = 16 * 1024;
/// A message to a page stays below 1 MiB, whatever its members are.
constexpr std::size_t max_results_bytes = 900 * 1024;

class Signing;

/// One document on its way to its digest.
class Intake final : public Consumer {
public:
    Intake(Signing& work, DigestAlgorithm algorithm, HashThread* hash_thread, bool keep,
           std::uint64_t expected)
        : work_(work), hasher_(algorithm, hash_thread), expected_(expected) {
        if (!keep) return;
        kept = std::make_unique<Spool>();
        kept->on_change([this] { spool_changed(); });
    }
    ~Intake() override { *alive_ = false; }
    [[nodiscard]] bool ready() const override { return !kept || (!kept->wants_file() && !kept->is_behind()); }
    [[nodiscard]] std::uint64_t window() const override;
    void take(ByteView bytes) override;
    void end() override;
    void failed(const Failure& failure) override;

    std::uint64_t size = 0;
    Bytes digest;
    Bytes head;                         ///< the whole document while it is small
    std::optional<Previews::Copy> copy; ///< of a larger one
    std::unique_ptr<Spool> kept;        ///< attached: the content follows the signature

private:
    void copy_large(ByteView bytes);
    void shorten_head(ByteView bytes);
    void ask_for_spool();
    void spool_changed();

    Signing& work_;
    DocumentHasher hasher_;
    std::uint64_t expected_;
    bool asked_ = false;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

signing::SignatureAlgorithm signature_algorithm(link::Scheme scheme) {
    switch (scheme) {
    case link::Scheme::rsa_pss:
        return signing::SignatureAlgorithm::rsa_pss;
    case link::Scheme::ecdsa:
        return signing::SignatureAlgorithm::ecdsa;
    case link::Scheme::automatic:
    case link::Scheme::rsa_pkcs1_v15:
        break;
    }
    return signing::SignatureAlgorithm::rsa_pkcs1_v15;
}

class Signing final : public Work {
public:
    Signing(const WorkContext& context, SignWork parameters)
        : context_(context), parameters_(std::move(parameters)), previews_(context.previews) {}
    ~Signing() override {
        for (const WorkDocument& document : parameters_.documents)
            if (document.feed) document.feed->detach();
    }

    void start() override {
        for (const WorkDocument& document : parameters_.documents) {
            if (document.digest && document.digest->size() != digest_size(parameters_.digest)) {
                Failure failure(Code::invalid_params, "digest of another length");
                failure.path = "digest";
                return finish(std::move(failure));
            }
            auto intake = std::make_unique<Intake>(*this, parameters_.digest, context_.hash_thread,
                                                   parameters_.attached,
                                                   document.feed ? document.feed->size().value_or(0) : 0);
            if (document.feed)
                ++open_;
            else
                intake->digest = *document.digest;
            intakes_.push_back(std::move(intake));
        }
        if (open_ == 0) return ask();
        for (std::size_t i = 0; i < intakes_.size() && !finished_; ++i)
            if (const auto& feed = parameters_.documents[i].feed) feed->attach(*intakes_[i]);
    }

    void on_answer(Outcome<link::Answer> answer) override {
        if (!answer) return finish(answer.error());
        auto* const signed_items = std::get_if<link::Signed>(&*answer);
        if (signed_items == nullptr || signed_items->items.size() != intakes_.size())
            return finish(Failure(Code::internal_error, "the core answered another operation"));
        auto result = compose(*signed_items);
        if (!result) return finish(failure_of(result.error()));
        finish(std::move(*result));
    }

    // --- for the intakes ---

    [[nodiscard]] const WorkContext& context() const noexcept { return context_; }
    [[nodiscard]] Previews& previews() noexcept { return previews_; }
    void taken(std::size_t bytes) {
        done_ += bytes;
        context_.host.progress(done_, total());
    }
    void ended() {
        if (--open_ == 0 && !finished_) ask();
    }
    void finish(Outcome<WorkResult> result) {
        if (std::exchange(finished_, true)) return;
        context_.host.finish(std::move(result));
    }
    void resume(const Intake& intake) {
        for (std::size_t i = 0; i < intakes_.size(); ++i)
            if (intakes_[i].get() == &intake && parameters_.documents[i].feed)
                parameters_.documents[i].feed->resume();
    }

private:
    [[nodiscard]] std::optional<std::uint64_t> total() const {
        std::uint64_t sum = 0;
        for (const WorkDocument& document : parameters_.documents) {
            if (!document.feed) continue;
            if (!document.feed->size()) return std::nullopt;
            sum += *document.feed->size();
        }
        return sum;
    }

    void ask() {
        link::Sign request;
        request.format = parameters_.format;
        request.digest_algorithm = parameters_.digest;
        request.scheme = parameters_.scheme;
        request.certificate = parameters_.certificate;
        request.signing_time = parameters_.signing_time;
        request.attributes = parameters_.attributes;
        std::size_t small_bytes = 0;
        bool large = false;
        for (std::size_t i = 0; i < intakes_.size(); ++i) {
            const WorkDocument& document = parameters_.documents[i];
            const Intake& intake = *intakes_[i];
            if (as_text(intake.head).starts_with(login_context)) return finish(Failure(Code::login_context));
            const bool bare = parameters_.format == link::SignFormat::raw && document.feed;
            if (bare && signing::signs_for_another_protocol(intake.head))
                return finish(Failure(Code::login_context, "a bare signature would serve another protocol"));
            link::SignItem item;
            item.name = document.name;
            item.media_type = document.media_type;
            item.size = intake.size;
            item.digest = intake.digest;
            item.blind = !document.feed;
            if (is_small(i)) small_bytes += intake.head.size();
            large = large || intake.copy;
            request.items.push_back(std::move(item));
        }
        if (!large && small_bytes <= max_carried_previews) {
            carry_previews(request);
            return context_.host.operate(std::move(request), {});
        }
        auto descriptors = seal_previews(request);
        if (!descriptors) return finish(failure_of(descriptors.error()));
        context_.host.operate(std::move(request), std::move(*descriptors));
    }

    [[nodiscard]] bool is_small(std::size_t i) const {
        return parameters_.documents[i].feed && intakes_[i]->size <= link::max_small_preview_bytes;
    }

    void carry_previews(link::Sign& request) {
        for (std::size_t i = 0; i < intakes_.size(); ++i) {
            if (!is_small(i)) continue;
            if (!request.previews) request.previews.emplace();
            request.items[i].preview = 0;
            request.items[i].preview_offset = request.previews->size();
            const Bytes head = std::exchange(intakes_[i]->head, {});
            request.previews->insert(request.previews->end(), head.begin(), head.end());
        }
    }

    Result<Descriptors> seal_previews(link::Sign& request) {
        for (std::size_t i = 0; i < intakes_.size(); ++i) {
            Intake& intake = *intakes_[i];
            if (is_small(i)) {
                auto kept = previews_.keep(std::exchange(intake.head, {}));
                if (!kept) return kept.error();
                intake.copy = *kept;
            }
            if (!intake.copy) continue;
            request.items[i].preview = static_cast<int>(intake.copy->file);
            request.items[i].preview_offset = intake.copy->offset;
        }
        return previews_.seal();
    }

    Result<WorkResult> compose(link::Signed& answer) {
        WorkResult result;
        auto certificate = certificate_text(answer.certificate);
        if (!certificate) return certificate.error();
        result.certificate = std::move(*certificate);
        const bool raw = parameters_.format == link::SignFormat::raw;
        if (raw || parameters_.batch)
            (*result.fields)["algorithm"] =
                protocol::web::algorithm_name(answer.scheme, answer.digest_algorithm);
        if (raw && !parameters_.batch) {
            (*result.fields)["signature"] = to_base64(answer.items.front().signature);
            return result;
        }
        auto part = signer_part(answer);
        if (!raw && !part) return part.error();
        if (parameters_.batch) return batch(std::move(result), answer, raw ? nullptr : &*part);
        part->unsigned_attributes = parameters_.unsigned_attributes;
        part->signed_attributes = std::move(answer.items.front().signed_attributes);
        part->signature = std::move(answer.items.front().signature);
        return cms(std::move(result), std::move(*part));
    }

    static Result<signing::SignerPart> signer_part(const link::Signed& answer) {
        auto certificate = Certificate::from_der(answer.certificate.certificate);
        if (!certificate) return certificate.error();
        signing::SignerPart part{
            *certificate, {}, answer.digest_algorithm, signature_algorithm(answer.scheme), {}, {}};
        for (const Bytes& der : answer.certificate.chain) {
            auto issuer = Certificate::from_der(der);
            if (!issuer) return issuer.error();
            part.chain.push_back(std::move(*issuer));
        }
        return part;
    }

    Result<WorkResult> cms(WorkResult result, signing::SignerPart part) {
        result.content_name = "cms";
        if (!parameters_.attached) {
            auto der = signing::detached_signed_data({std::move(part)});
            if (!der) return der.error();
            result.content_size = der->size();
            result.content = std::make_unique<BytesSource>(std::move(*der));
            return result;
        }
        auto attached = attached_cms(std::move(part), std::move(intakes_.front()->kept), context_.on_content);
        if (!attached) return attached.error();
        result.content_size = attached->size;
        result.content = std::move(attached->content);
        return result;
    }

    Result<WorkResult> batch(WorkResult result, link::Signed& answer, signing::SignerPart* part) {
        json list = json::array();
        std::size_t total = 0;
        for (std::size_t i = 0; i < answer.items.size(); ++i) {
            json item = json::object();
            item["id"] = std::move(parameters_.documents[i].id);
            std::string encoded;
            if (part != nullptr) {
                part->signed_attributes = std::move(answer.items[i].signed_attributes);
                part->signature = std::move(answer.items[i].signature);
                const auto der = signing::detached_signed_data({*part});
                if (!der) return der.error();
                encoded = to_base64(*der);
            } else {
                encoded = to_base64(answer.items[i].signature);
            }
            total += encoded.size() + 300;
            item[part != nullptr ? "cms" : "signature"] = std::move(encoded);
            list.push_back(std::move(item));
        }
        if (total <= max_results_bytes) {
            (*result.fields)["results"] = std::move(list);
            return result;
        }
        result.content_is_json = true;
        result.content_name = "results";
        const std::string text = list.dump();
        result.content_size = text.size();
        result.content = std::make_unique<BytesSource>(to_bytes(as_bytes(text)));
        return result;
    }

    WorkContext context_;
    SignWork parameters_;
    Previews previews_;
    std::vector<std::unique_ptr<Intake>> intakes_;
    std::size_t open_ = 0;
    std::uint64_t done_ = 0;
    bool finished_ = false;
};

std::uint64_t Intake::window() const {
    return kept ? kept_window : work_.context().direct_window;
}

void Intake::take(ByteView bytes) {
    size += bytes.size();
    hasher_.update(bytes);
    if (size <= link::max_small_preview_bytes) {
        head.insert(head.end(), bytes.begin(), bytes.end());
    } else {
        copy_large(bytes);
        if (head.size() != head_bytes) shorten_head(bytes);
    }
    if (kept) {
        if (const auto written = kept->write(bytes); !written) return failed(failure_of(written.error()));
        if (kept->wants_file() && !std::exchange(asked_, true)) ask_for_spool();
    }
    work_.taken(bytes.size());
}

void Intake::copy_large(ByteView bytes) {
    Previews& previews = work_.previews();
    if (size - bytes.size() <= link::max_small_preview_bytes) { // was small until now
        if (expected_ <= link::max_preview_bytes) copy = previews.begin();
        if (copy && !previews.append(*copy, head)) copy.reset();
    }
    if (copy && !previews.append(*copy, bytes)) copy.reset();
}

/// Only the beginning still matters, however small the messages were that brought it.
void Intake::shorten_head(ByteView bytes) {
    if (head.size() < head_bytes) {
        const auto more = bytes.first(std::min(bytes.size(), head_bytes - head.size()));
        head.insert(head.end(), more.begin(), more.end());
    }
    head.resize(std::min(head.size(), head_bytes));
    head.shrink_to_fit();
}

void Intake::ask_for_spool() {
    work_.context().host.open_spool(expected_, [this, alive = alive_](SpoolFile file) {
        if (!*alive) return;
        if (!file) return failed(Failure(Code::internal_error, "no spool was granted"));
        if (const auto given = kept->give(std::move(file)); !given) return failed(failure_of(given.error()));
        work_.resume(*this);
    });
}

void Intake::spool_changed() {
    const std::function<void()> go_on = work_.context().on_content;
    if (kept->failure())
        failed(failure_of(*kept->failure()));
    else
        work_.resume(*this);
    go_on();
}

void Intake::end() {
    digest = hasher_.finish();
    if (copy) work_.previews().end(*copy);
    work_.ended();
}

void Intake::failed(const Failure& failure) {
    work_.finish(failure);
}

} // namespace

std::unique_ptr<Work> make_sign_work(const WorkContext& context, SignWork parameters) {
    return std::make_unique<Signing>(context, std::move(parameters));
}

} // namespace mohr::door
