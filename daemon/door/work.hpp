// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hash_thread.hpp"
#include "previews.hpp"
#include "streams.hpp"
#include <mohr/base/clock.hpp>
#include <mohr/protocol/link.hpp>
#include <mohr/protocol/web_api.hpp>

#include <nlohmann/json_fwd.hpp>

#include <memory>
#include <string>
#include <vector>

/// The work behind one request, whether it came from a page or as a file of the command line: takes documents
/// from feeds, asks the core for what needs a key, ends with one result.
namespace mohr::door {

namespace link = protocol::link;

/// What a finished piece of work gives. `content` goes inline or as a stream, as size and request want it.
struct WorkResult {
    WorkResult();
    WorkResult(WorkResult&&) noexcept;
    WorkResult& operator=(WorkResult&&) noexcept;
    ~WorkResult();

    std::unique_ptr<nlohmann::json> fields; ///< members of the result, never null
    /// Its member "certificate", if it has one, as JSON text.
    std::shared_ptr<const std::string> certificate;
    std::string content_name; ///< "cms", "data"; empty: no content
    std::unique_ptr<Source> content;
    std::optional<std::uint64_t> content_size;
    bool content_is_json = false; ///< a list too long for one message: always a stream
};

class WorkHost {
public:
    virtual ~WorkHost() = default;
    /// At most one at a time; the reply comes to Work::on_answer().
    virtual void operate(link::Request request, Descriptors previews) = 0;
    virtual void open_spool(std::uint64_t expected_bytes, std::function<void(SpoolFile)> opened) = 0;
    virtual void progress(std::uint64_t done, std::optional<std::uint64_t> total) = 0;
    /// Exactly once; the work is destroyed some time after, and is not called any more.
    virtual void finish(Outcome<WorkResult> result) = 0;
};

class Work {
public:
    virtual ~Work() = default;
    virtual void start() = 0;
    virtual void on_answer(Outcome<link::Answer> answer) = 0;
};

struct WorkContext {
    WorkHost& host;
    const Clock& clock;
    /// A source that said `waiting` has something again, or has failed; or a work went on outside of a call. Outlives
    /// the work.
    std::function<void()> on_content;
    std::uint64_t direct_window = 8 * 1024 * 1024; ///< where bytes never have to wait
    std::uint64_t inline_bytes = 128 * 1024;
    PreviewShare previews{}; ///< what the copies for the prompt may take
    HashThread* hash_thread = nullptr;
};

struct WorkDocument {
    std::string name;
    std::string media_type;
    std::string id;              ///< batch only
    std::shared_ptr<Feed> feed;  ///< or …
    std::optional<Bytes> digest; ///< … only this: signed blind
};

struct SignWork {
    link::SignFormat format{};
    DigestAlgorithm digest = DigestAlgorithm::sha256;
    link::Scheme scheme = link::Scheme::automatic;
    std::string certificate;
    bool signing_time = true;
    bool attached = false; ///< cms, one document
    bool batch = false;
    std::vector<WorkDocument> documents;
    std::vector<Bytes> attributes{};          ///< cms: more signed ones, DER
    std::vector<Bytes> unsigned_attributes{}; ///< cms, one document
};
struct EncryptWork {
    std::shared_ptr<Feed> feed;
    std::vector<Bytes> recipients;
    bool as_stream = false;
};
struct DecryptWork {
    std::shared_ptr<Feed> feed;
    std::string name;
};
struct VerifyWork {
    std::shared_ptr<Feed> cms;
    std::shared_ptr<Feed> document; ///< may be null
    std::vector<Bytes> anchors;
};

/// Operations without documents: the request goes to the core as it is, the answer becomes the result.
[[nodiscard]] std::unique_ptr<Work> make_plain_work(const WorkContext& context, link::Request request);
[[nodiscard]] std::unique_ptr<Work> make_sign_work(const WorkContext& context, SignWork parameters);
[[nodiscard]] std::unique_ptr<Work> make_encrypt_work(const WorkContext& context, EncryptWork parameters);
[[nodiscard]] std::unique_ptr<Work> make_decrypt_work(const WorkContext& context, DecryptWork parameters);
[[nodiscard]] std::unique_ptr<Work> make_verify_work(const WorkContext& context, VerifyWork parameters);

/// The certificate object of the web API as JSON text. The last few are kept: making one parses DER and costs
/// more than most signatures.
[[nodiscard]] Result<std::shared_ptr<const std::string>> certificate_text(const link::CertificateView& view);

/// An Error of base/ or signing/ as what the page sees; `path` names the member that held the data.
[[nodiscard]] Failure failure_of(const Error& error, std::string path = {});

} // namespace mohr::door
