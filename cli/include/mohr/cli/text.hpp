// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace mohr::cli {

enum class Language : std::uint8_t { en, fa };
[[nodiscard]] std::optional<Language> language_from_name(std::string_view name) noexcept;

/// Every sentence that a person reads. Those with a catalogue number (requirements A18) carry it in the
/// table.
enum class Text : std::uint8_t {
    not_activated,
    not_initialised,
    user_pin_characters,
    user_pin_repeat_differs,
    admin_pin_repeat_differs,
    user_pin_length,
    admin_pin_length,
    admin_pin_characters,
    pin_wrong,
    user_pin_blocked,
    admin_pin_blocked,
    pins_equal,
    service_stopped,
    asks_to_sign,
    // the service
    not_running,
    no_answer,
    broke_off,
    service_running,
    done,
    interrupted,
    // asking
    ask_user_pin,
    ask_new_user_pin,
    ask_new_user_pin_again,
    ask_admin_pin,
    ask_new_admin_pin,
    ask_new_admin_pin_again,
    ask_owner_password,
    owner_unavailable,
    owner_refused,
    ask_file_password,
    pin_needs_terminal,
    confirmation_needs_terminal,
    guessable,
    yes_no,
    declined,
    reset_loses,
    reset_nothing_lost,
    reset_sure,
    remove_loses,
    remove_key_goes,
    remove_sure,
    file_exists,
    signature_valid,
    signature_intact,
    signature_invalid,
    log_intact,
    log_broken,
    // the agent
    agent_ready,
    agent_ended,
    asks_access,
    asks_listing,
    asks_select,
    asks_authenticate,
    asks_decrypt,
    asks_generate,
    asks_import,
    this_computer,
    label_site,
    label_program,
    label_purpose,
    label_document,
    label_documents,
    label_size,
    label_digest,
    label_certificates,
    unknown_program,
    not_a_browser,
    warn_insecure,
    warn_blind,
    warn_unauthenticated,
    warn_weak,
    no_usable_certificate,
    more_lines,
    page_hint,
    choose_certificate,
    certificate_out_of_range,
    question_allow,
    question_allow_other,
    question_allow_remember,
    question_allow_other_remember,
    question_pin,
    checking,
    refused,
    closed_gone,
    closed_cancelled,
    closed_deadline,
    closed_stopping,
    closed_other,
    agent_interrupt_hint,
    asks_request,
    asks_remove_key,
    asks_remove_certificate,
    asks_change_pin,
    asks_unblock_pin,
    asks_import_file,
    label_name,
    label_attribute,
    warn_legacy,
    warn_asks_access,
    question_window,
    question_window_terms,
    window_out_of_range,
    question_file,
    file_unreadable,
    question_admin_pin,
    question_new_pin,
    question_new_pin_again,
    question_password,
    answer_problem,
    answer_confirm,
    window_open,
    // trust and doctor
    trust_installed,
    trust_partly,
    trust_no_browser,
    trust_removed,
    trust_remove_partly,
    trust_restart,
    trust_renew,
    trust_hosts_hint,
    trust_hosts_how,
    page_held_back,
    doctor_well,
    doctor_hint,
    doctor_warning,
    doctor_error,
    doctor_mended,
};

struct TextRow {
    Text text;
    std::string_view catalogue; ///< "M18", or empty for a sentence that A18 does not have
    std::string_view en;
    std::string_view fa;
};
[[nodiscard]] std::span<const TextRow> text_rows() noexcept;

/// The sentence with its {placeholders} filled. Values are put in as they are: foreign ones must have gone
/// through printable().
[[nodiscard]] std::string
say(Text text, Language language,
    std::initializer_list<std::pair<std::string_view, std::string_view>> values = {});

/// The same for a pattern that is not in the table.
[[nodiscard]] std::string fill(std::string_view pattern,
                               std::span<const std::pair<std::string_view, std::string_view>> values);

/// A number in the digits of the language (R169). Codes and PINs never go through it.
[[nodiscard]] std::string number(std::uint64_t value, Language language);

} // namespace mohr::cli
