// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "document_content.hpp"
#include <mohr/base/clock.hpp>
#include <mohr/base/digest.hpp>
#include <mohr/base/secret.hpp>

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What the person is asked, and what they answered: the typed mirror of "Prompts" in docs/control-api.md.
namespace mohr::core {

using PromptId = std::uint64_t;

/// The program behind a connection, as far as the core could find out.
struct Program {
    std::string name;
    std::string path; ///< of the executable; empty if unknown
    pid_t pid = 0;
    bool known_browser = false;
};

enum class PromptKind : std::uint8_t {
    access,
    listing,
    select,
    sign,
    authenticate,
    decrypt,
    generate,
    import,
    request,            ///< a certification request with the key of a certificate
    remove_key,         ///< a generated key without a certificate
    remove_certificate, ///< and its key
    change_pin,
    unblock_pin,      ///< a new user PIN by the admin PIN
    import_file,      ///< a PKCS#12 file that the person chooses, or that the asking program brought
    initialise,       ///< both PINs of a new token
    reset,            ///< the same of one that has keys, which are lost
    reset_blocked,    ///< without the admin PIN, which is blocked: by the password of the owner's account
    change_admin_pin, ///< by the old one
    set_label,
    verify_pin, ///< nothing but the PIN itself
    mark        ///< the person's own phrase and picture
};
[[nodiscard]] std::string_view prompt_kind_name(PromptKind kind) noexcept;

/// One document as it was shown; what is signed is exactly this digest.
struct PromptDocument {
    std::string name; ///< foreign text: valid UTF-8 without control characters, 1 to 255 characters
    std::optional<std::uint64_t> size; ///< bytes; absent where the page gave only a digest
    std::string media_type;
    DigestAlgorithm digest_algorithm{};
    Bytes digest;
    std::string preview; ///< UTF-8 text, at most 8 KiB; empty where there is none
    /// Of this digest: `size` bytes from `content_offset` on. Null where it is blind, or too large to be shown.
    std::shared_ptr<const DocumentContent> content;
    std::uint64_t content_offset = 0;
};

struct PromptCertificate {
    std::string id; ///< KeyId::text()
    std::string common_name;
    std::string issuer;
    Instant not_after{};
    bool usable = false;
    std::string reason; ///< why not: "key_usage", "expired", "on_hold", "revoked", "pending", "replaced"
    bool preselected = false;
    std::string level;             ///< "bronze", "silver", "gold", "platinum"; empty where it is not known
    std::vector<std::string> uses; ///< what its key usage allows: "sign", "authenticate", "decrypt"
};

struct PromptPin {
    bool needed = false;
    std::optional<unsigned> tries_left; ///< absent where the token does not tell
    unsigned min_length = 4;
    unsigned max_length = 24;
    bool last_wrong = false;
    bool admin = false;   ///< the admin PIN is asked for, not the user's
    bool renewed = false; ///< and a new user PIN, of these lengths
    unsigned new_min_length = 4;
    unsigned new_max_length = 24;
    bool renewed_admin = false; ///< and a new admin PIN, of these
    unsigned new_admin_min_length = 4;
    unsigned new_admin_max_length = 24;
    /// Of the last answer: the rule it breaks, what makes it guessable, "wrong_password", "malformed".
    std::string problem;
    bool confirm = false; ///< the new PIN of the last answer is taken if it is confirmed
};

/// So many decryptions, this one among them, within so many minutes (rule 3).
struct WindowTerms {
    unsigned items = 0;
    unsigned minutes = 0;
    bool operator==(const WindowTerms&) const = default;
};

struct PromptRequest {
    PromptId prompt = 0; ///< given by the broker; a repeated prompt (wrong PIN) gets a new one
    PromptKind kind{};
    std::string origin; ///< full ASCII origin, or "this computer: mohr" where local
    bool local = false;
    std::string registrable_domain; ///< display text, safe to draw in one direction (T17)
    bool insecure = false;          ///< http
    bool legacy = false;            ///< asks by the Dastine front, as pages written for another program do
    bool asks_access = false;       ///< nothing is decided about this site yet: a yes lets it in too
    bool asks_blind = false;        ///< nor about signatures over what cannot be shown
    Program program;
    std::string purpose;                  ///< "sign", "authenticate", "decrypt"; else empty
    bool blind = false;                   ///< nobody can show what is signed; it could also serve as a login
    bool unauthenticated = false;         ///< the sealed content is not tamper-proof
    bool weak = false;                    ///< SHA-1
    std::chrono::milliseconds deadline{}; ///< from the moment it is shown
    std::vector<PromptDocument> documents;
    std::vector<std::string> attributes; ///< types of signed attributes that the page adds, dotted
    std::optional<WindowTerms> window;   ///< decrypt: the most that may be allowed at once
    std::vector<PromptCertificate> certificates;
    PromptPin pin;
    std::vector<std::string> remember;  ///< what "remember" would cover: "access", "listing", "certificate"
    std::string key_algorithm;          ///< generate: "RSA-2048", …
    std::string key_subject;            ///< generate, request: the subject that the request will carry
    std::vector<std::string> key_names; ///< generate: its alternative names, "dns: …"
    bool window_only =
        false;             ///< a method of the control socket opened it for its secrets: never on a terminal
    bool file = false;     ///< import_file: the answer brings a PKCS#12 file and its password
    bool password = false; ///< of that file, or of one that is there already
    bool owner_password = false;     ///< of the person's account on this computer
    std::string label;               ///< of the token: initialise, reset, reset_blocked, set_label
    std::vector<std::string> losses; ///< reset, reset_blocked: names; the answer confirms their number
};

struct PromptAnswer {
    bool allow = false;
    std::string certificate; ///< PromptCertificate::id
    bool remember = false;
    std::optional<Secret> pin;
    std::optional<WindowTerms> window; ///< decrypt: from now on, without further prompts
    std::optional<Secret> new_pin;
    std::optional<Secret> password; ///< of `file`
    std::optional<Secret> new_admin_pin;
    std::optional<Secret> owner_password;
    Bytes file;             ///< PKCS#12
    std::size_t losses = 0; ///< that the person confirmed
    std::string phrase;     ///< mark
    Bytes picture;          ///< mark: PNG, or empty
    bool confirmed = false; ///< the new PIN shall be it although PromptPin::problem says so
};

/// Why a prompt is taken away without an answer.
enum class PromptEnd : std::uint8_t { gone, cancelled, deadline, stopping };
[[nodiscard]] std::string_view prompt_end_name(PromptEnd end) noexcept;

/// Where prompts are drawn: mohr-prompt, the terminal agent, scripted consent. Called, and answering, on the
/// core's I/O thread.
class PromptSurface {
public:
    /// Answers once; nullopt means that the surface died. May be called inside show().
    using Answered = std::function<void(std::optional<PromptAnswer>)>;
    /// At most once, before the answer: the prompt is on the screen from now on. May be called inside show().
    using Shown = std::function<void()>;

    virtual ~PromptSurface() = default;
    [[nodiscard]] virtual bool available() const = 0;
    /// "none", "window", "terminal", "scripted"
    [[nodiscard]] virtual std::string kind() const = 0;
    /// Whether a window may be drawn, so that one can ask for secrets in place of a client.
    [[nodiscard]] virtual bool may_draw_windows() const { return false; }
    /// Looks whether kind() is still so, for whoever asks after it; a change is told later.
    virtual void refresh() {}
    /// At most one prompt is shown at a time.
    virtual void show(const PromptRequest& request, Shown shown, Answered answered) = 0;
    /// The answer to this prompt was taken and no other prompt follows for the same request.
    virtual void settled(PromptId prompt) { (void)prompt; }
    /// The prompt is over without an answer, or its answer came too late for anything; whatever it still answers is ignored.
    virtual void close(PromptId prompt, PromptEnd why) = 0;
};

} // namespace mohr::core
