// SPDX-License-Identifier: Apache-2.0
#include "work.hpp"
#include <mohr/signing/cms_enveloped.hpp>
#include <mohr/signing/errors.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>

namespace mohr::door {
namespace {

using protocol::Code;

constexpr std::uint64_t waiting_window = 1024 * 1024;
/// Encrypted bytes that may wait for a page to take them.
constexpr std::size_t sealed_ahead = 512 * 1024;
/// The reader of envelopes is fed in small pieces until it has met the header, for it keeps what comes
/// behind.
constexpr std::size_t header_piece = 16 * 1024;

/// Collects, and hands out from the front.
class QueueSink final : public signing::Sink {
public:
    Result<void> write(ByteView bytes) override {
        bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
        return {};
    }
    [[nodiscard]] std::size_t size() const noexcept { return bytes_.size() - at_; }
    void move_to(Bytes& out, std::size_t max_bytes) {
        const std::size_t n = std::min(max_bytes, size());
        const auto from = bytes_.begin() + static_cast<std::ptrdiff_t>(at_);
        out.insert(out.end(), from, from + static_cast<std::ptrdiff_t>(n));
        at_ += n;
        if (at_ == bytes_.size() || at_ >= sealed_ahead) {
            bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(at_));
            at_ = 0;
        }
    }

private:
    Bytes bytes_;
    std::size_t at_ = 0;
};

// --- encrypt ---

/// Seals what the feed gives as the page takes it.
class SealedSource final : public Source, public Consumer {
public:
    SealedSource(std::vector<Certificate> recipients, std::shared_ptr<Feed> feed)
        : writer_(std::move(recipients), signing::ContentCipher::aes_256_gcm, sealed_),
          feed_(std::move(feed)) {}
    ~SealedSource() override { feed_->detach(); }

    [[nodiscard]] Result<void> start() { return writer_.start(); }
    /// After start(); `wake` is called when pull() has more to say.
    void attach(std::function<void()> wake) {
        wake_ = std::move(wake);
        feed_->attach(*this);
    }
    [[nodiscard]] bool ended() const noexcept { return ended_; }
    [[nodiscard]] const std::optional<Failure>& failure() const noexcept { return failure_; }
    [[nodiscard]] std::size_t waiting_bytes() const noexcept { return sealed_.size(); }
    void hold_all() noexcept { held_limit_ = SIZE_MAX; }

    [[nodiscard]] Outcome<State> pull(Bytes& out, std::size_t max_bytes) override {
        sealed_.move_to(out, max_bytes);
        if (failure_) return *failure_;
        if (!ended_ && ready()) feed_->resume();
        if (failure_) return *failure_;
        if (sealed_.size() > 0) return State::more;
        return ended_ ? State::end : State::waiting;
    }
    void abandoned() override { feed_->detach(); }

    [[nodiscard]] bool ready() const override { return sealed_.size() < held_limit_; }
    [[nodiscard]] std::uint64_t window() const override { return waiting_window; }
    void take(ByteView bytes) override {
        if (failure_) return;
        // The writer takes pieces of any length, but its output is then as long at once.
        if (const auto written = writer_.write(bytes); !written) return failed(failure_of(written.error()));
        if (wake_) wake_();
    }
    void end() override {
        if (const auto finished = writer_.finish(); !finished) return failed(failure_of(finished.error()));
        ended_ = true;
        if (wake_) wake_();
    }
    void failed(const Failure& failure) override {
        failure_ = failure;
        if (wake_) wake_();
    }

private:
    QueueSink sealed_;
    signing::EnvelopeWriter writer_;
    std::shared_ptr<Feed> feed_;
    std::function<void()> wake_;
    std::optional<Failure> failure_;
    std::size_t held_limit_ = sealed_ahead;
    bool ended_ = false;
};

class Encrypting final : public Work {
public:
    Encrypting(const WorkContext& context, EncryptWork parameters)
        : context_(context), parameters_(std::move(parameters)) {}
    ~Encrypting() override { *alive_ = false; }

    void start() override {
        std::vector<Certificate> recipients;
        for (std::size_t i = 0; i < parameters_.recipients.size(); ++i) {
            auto certificate = Certificate::from_der(parameters_.recipients[i]);
            if (!certificate) {
                Failure failure(Code::malformed_data, certificate.error().describe());
                failure.path = "recipients[" + std::to_string(i) + "]";
                return context_.host.finish(std::move(failure));
            }
            recipients.push_back(std::move(*certificate));
        }
        source_ = std::make_unique<SealedSource>(std::move(recipients), parameters_.feed);
        if (const auto started = source_->start(); !started)
            return context_.host.finish(failure_of(started.error(), "recipients"));
        const auto size = parameters_.feed->size();
        if (!parameters_.as_stream && size && *size <= context_.inline_bytes)
            collect();
        else
            stream();
    }
    void on_answer(Outcome<link::Answer>) override {}

private:
    /// Small: the reply carries it, once it is whole.
    void collect() {
        source_->hold_all();
        source_->attach([this, alive = alive_] {
            if (*alive) settle();
        });
    }
    void settle() {
        if (!source_) return;
        if (source_->failure()) return context_.host.finish(*source_->failure());
        if (!source_->ended()) return;
        WorkResult result;
        result.content_name = "cms";
        result.content_size = source_->waiting_bytes();
        result.content = std::move(source_);
        context_.host.finish(std::move(result));
    }
    /// Large: the reply names the stream at once, and the bytes follow as the document comes.
    void stream() {
        SealedSource& source = *source_;
        WorkResult result;
        result.content_name = "cms";
        result.content = std::move(source_);
        // finish() may end this work; the source goes on alone, and is woken by its download.
        source.attach(context_.on_content);
        context_.host.finish(std::move(result));
    }

    WorkContext context_;
    EncryptWork parameters_;
    std::unique_ptr<SealedSource> source_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

// --- decrypt ---

link::Recipient to_link(const signing::Recipient& recipient) {
    link::Recipient out;
    out.issuer_der = recipient.issuer_der;
    out.serial_number = recipient.serial_number;
    out.subject_key_identifier = recipient.subject_key_identifier;
    if (const auto* rsa = std::get_if<signing::RsaRecipient>(&recipient.key)) {
        out.key = link::RsaWrapped{rsa->oaep, rsa->oaep_digest, rsa->oaep_mgf1, rsa->encrypted_key};
    } else {
        const auto& ec = std::get<signing::EcRecipient>(recipient.key);
        out.key = link::EcWrapped{ec.originator_public_key, ec.kdf_digest, ec.wrap_bits, ec.shared_info,
                                  ec.encrypted_key};
    }
    return out;
}

class Decrypting final : public Work, public Consumer {
public:
    Decrypting(const WorkContext& context, DecryptWork parameters)
        : context_(context), parameters_(std::move(parameters)), plain_(std::make_unique<Spool>()),
          sink_(*this), reader_(sink_) {
        plain_->on_change([this] { spool_changed(); });
    }
    ~Decrypting() override {
        *alive_ = false;
        parameters_.feed->detach();
    }

    void start() override { parameters_.feed->attach(*this); }

    void on_answer(Outcome<link::Answer> answer) override {
        if (!answer) return finish(answer.error());
        auto* const decrypted = std::get_if<link::Decrypted>(&*answer);
        if (decrypted == nullptr)
            return finish(Failure(Code::internal_error, "the core answered another operation"));
        has_key_ = true;
        if (const auto set = reader_.set_content_key(std::move(decrypted->content_key)); !set)
            return fail_decryption(set.error());
        Bytes pending = std::move(pending_);
        pending_ = {};
        take_keyed(pending);
        if (!finished_) parameters_.feed->resume();
    }

    [[nodiscard]] bool ready() const override {
        return (reader_.header() == nullptr || has_key_) && !plain_->wants_file() && !plain_->is_behind();
    }
    [[nodiscard]] std::uint64_t window() const override { return waiting_window; }
    void take(ByteView bytes) override {
        if (finished_) return;
        done_ += bytes.size();
        context_.host.progress(done_, parameters_.feed->size());
        while (!bytes.empty() && reader_.header() == nullptr) {
            const ByteView piece = bytes.first(std::min(bytes.size(), header_piece));
            bytes = bytes.subspan(piece.size());
            if (const auto written = reader_.write(piece); !written)
                return finish(failure_of(written.error(), "cms"));
        }
        if (reader_.header() == nullptr) return;
        if (has_key_) return take_keyed(bytes);
        pending_.assign(bytes.begin(), bytes.end());
        ask();
    }
    void end() override {
        if (finished_) return;
        if (reader_.header() == nullptr) {
            Failure failure(Code::malformed_data, "no envelope");
            failure.path = "cms";
            return finish(std::move(failure));
        }
        if (const auto ended = reader_.finish(); !ended) return fail_decryption(ended.error());
        WorkResult result;
        (*result.fields)["authenticated"] = reader_.header()->authenticated;
        result.content_name = "data";
        result.content_size = plain_->size();
        result.content = std::make_unique<SpoolSource>(std::move(plain_), context_.on_content);
        plain_ = std::make_unique<Spool>();
        finish(std::move(result));
    }
    void failed(const Failure& failure) override { finish(failure); }

private:
    /// Plaintext stays in the spool until the tag holds.
    struct PlainSink final : signing::Sink {
        explicit PlainSink(Decrypting& o) : owner(o) {}
        Result<void> write(ByteView bytes) override { return owner.keep(bytes); }
        Decrypting& owner;
    };

    void take_keyed(ByteView bytes) {
        if (bytes.empty()) return;
        if (const auto written = reader_.write(bytes); !written) fail_decryption(written.error());
    }
    Result<void> keep(ByteView bytes) {
        MOHR_TRY(plain_->write(bytes));
        if (plain_->wants_file() && !std::exchange(asked_for_spool_, true)) {
            context_.host.open_spool(
                parameters_.feed->size().value_or(0), [this, alive = alive_](SpoolFile file) {
                    if (!*alive || finished_) return;
                    if (!file) return finish(Failure(Code::internal_error, "no spool was granted"));
                    if (const auto given = plain_->give(std::move(file)); !given)
                        return finish(failure_of(given.error()));
                    parameters_.feed->resume();
                });
        }
        return {};
    }
    void spool_changed() {
        const std::function<void()> go_on = context_.on_content;
        if (plain_->failure())
            fail_decryption(*plain_->failure());
        else
            parameters_.feed->resume();
        go_on();
    }
    void ask() {
        const signing::EnvelopeHeader& header = *reader_.header();
        link::Decrypt request;
        request.name = parameters_.name;
        request.size = parameters_.feed->size();
        request.authenticated = header.authenticated;
        request.cipher = header.content_cipher;
        request.content_key_size = static_cast<std::uint32_t>(header.content_key_size);
        for (const signing::Recipient& recipient : header.recipients)
            request.recipients.push_back(to_link(recipient));
        if (request.recipients.empty()) return finish(Failure(Code::not_a_recipient));
        context_.host.operate(std::move(request), {});
    }
    /// Once the content key is there, the page learns one thing only, whatever went wrong (T21).
    void fail_decryption(const Error& error) {
        const bool ours = error.code == make_error_code(BaseErrc::io);
        finish(Failure(ours ? Code::internal_error : Code::decryption_failed, error.describe()));
    }
    void finish(Outcome<WorkResult> result) {
        if (std::exchange(finished_, true)) return;
        context_.host.finish(std::move(result));
    }

    WorkContext context_;
    DecryptWork parameters_;
    std::unique_ptr<Spool> plain_;
    PlainSink sink_;
    signing::EnvelopeReader reader_;
    Bytes pending_;
    std::uint64_t done_ = 0;
    bool has_key_ = false;
    bool asked_for_spool_ = false;
    bool finished_ = false;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

} // namespace

std::unique_ptr<Work> make_encrypt_work(const WorkContext& context, EncryptWork parameters) {
    return std::make_unique<Encrypting>(context, std::move(parameters));
}
std::unique_ptr<Work> make_decrypt_work(const WorkContext& context, DecryptWork parameters) {
    return std::make_unique<Decrypting>(context, std::move(parameters));
}

} // namespace mohr::door
