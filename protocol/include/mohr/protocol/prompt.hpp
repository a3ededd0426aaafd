// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/protocol/errors.hpp>

#include <nlohmann/json_fwd.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace mohr::protocol {

/// "Prompts" of docs/control-api.md, decoded once: what hangs a decision is compulsory and of its type, all
/// texts are still foreign.
struct Prompt {
    enum class Kind : std::uint8_t {
        access,
        listing,
        select,
        sign,
        authenticate,
        decrypt,
        generate,
        import,
        request,
        remove_key,
        remove_certificate,
        change_pin,
        unblock_pin,
        import_file,
        // Those below are shown in windows only.
        initialise,
        reset,
        reset_blocked,
        change_admin_pin,
        set_label,
        verify_pin,
        mark
    };
    struct Program {
        std::string name;
        std::string path;
        std::uint64_t pid = 0;
        bool known_browser = false;
        bool operator==(const Program&) const = default;
    };
    struct Document {
        std::string name;
        std::optional<std::uint64_t> size; ///< absent where only a digest was given
        std::string media_type;
        std::string digest_algorithm;
        std::string digest; ///< hexadecimal
        std::string preview;
        /// Its name among the message's descriptors, for windows only; empty where there is none.
        std::string preview_descriptor{};
        std::uint64_t preview_offset = 0; ///< there, of the `size` bytes of the document
        bool operator==(const Document&) const = default;
    };
    struct Certificate {
        std::string id;
        std::string common_name;
        std::string issuer;
        std::string not_after;
        bool usable = false;
        std::string reason;
        bool preselected = false;
        std::string level{};             ///< "bronze", "silver", "gold"; empty where it is not known
        std::vector<std::string> uses{}; ///< "sign", "authenticate", "decrypt"
        bool operator==(const Certificate&) const = default;
    };
    struct Pin {
        bool needed = false;
        std::optional<unsigned> tries_left;
        unsigned min_length = 4;
        unsigned max_length = 24;
        bool last_wrong = false;
        bool admin = false;   ///< of the admin role
        bool renewed = false; ///< a new user PIN is wanted as well
        unsigned new_min_length = 4;
        unsigned new_max_length = 24;
        bool renewed_admin = false; ///< a new admin PIN is wanted as well
        unsigned new_admin_min_length = 4;
        unsigned new_admin_max_length = 24;
        std::string problem; ///< of the last answer
        bool confirm = false;
    };
    /// The most that may be allowed at once: items and minutes.
    struct Window {
        unsigned items = 0;
        unsigned minutes = 0;
        bool operator==(const Window&) const = default;
    };

    std::uint64_t number = 0;
    Kind kind{};
    std::string origin;
    bool local = false;
    std::string registrable_domain;
    bool insecure = false;
    bool legacy = false;
    bool asks_access = false;
    bool asks_blind = false;
    Program program;
    std::string purpose;
    bool blind = false;
    bool unauthenticated = false;
    bool weak = false;
    std::chrono::seconds deadline{};
    std::vector<Document> documents;
    std::vector<Certificate> certificates;
    Pin pin;
    std::vector<std::string> remember;
    std::string key_algorithm; ///< generate
    std::string key_subject;   ///< generate
    std::vector<std::string> key_names;
    std::vector<std::string> attributes;
    std::optional<Window> window;
    bool file = false;               ///< a PKCS#12 file and its password are wanted
    bool password = false;           ///< the password of a file that the core has; also where `file` is
    bool owner_password = false;     ///< of the person's account on this computer
    std::string label;               ///< initialise, reset, set_label: the token's new name
    std::vector<std::string> losses; ///< reset: what will be gone, by name

    /// Whether only a window can show it.
    [[nodiscard]] bool needs_window() const noexcept { return kind >= Kind::initialise; }
    /// Whether both ask for the same: everything but number, deadline and PIN state.
    [[nodiscard]] bool same_question(const Prompt& other) const;
};

/// Fails with invalid_params; the path names the member.
[[nodiscard]] Outcome<Prompt> decode_prompt(const nlohmann::json& params);

} // namespace mohr::protocol
