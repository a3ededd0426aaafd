// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/protocol/errors.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

/// The result codes of the Dastine wire (docs/dastine.md). What is not in this table cannot be sent: pages
/// take an unknown number for a payload.
namespace mohr::protocol::dastine {

enum class ResultCode : std::uint8_t {
    successful = 0,
    unknown = 10,
    certificate_not_selected = 11,
    hash_not_supported = 12,
    pin_window_timeout = 13,
    wrong_pin = 14,
    allocate_memory_error = 15,
    key_length_not_supported = 16,
    event_already_set = 17,
    cancelled_by_user = 18,
    not_supported = 19,
    permission_denied = 20,
    wrong_puk = 21,
    wrong_subject_dn = 22,
    certificate_not_found = 23,
    hardware_info_check_error = 24,
    no_certificate_on_token = 25,
    wrong_password = 26,
    file_corrupt = 27,
    pin_blocked = 29,
    no_private_key = 30,
    generate_hash_error = 31,
    generate_signature_error = 32,
    release_context_error = 33,
    data_not_base64 = 34,
    invalid_data = 35,
    list_tokens_error = 36,
    csr_acquire_context_error = 41,
    csr_generate_key_pair_error = 42,
    csr_wrong_public_key = 43,
    csr_sign_error = 44,
    csr_admin_key_error = 45,
    import_not_base64 = 48,
    import_handle_not_valid = 49,
    import_write_error = 50,
    cms_sign_error = 56,
    cms_sign_invalid_attribute = 57,
    cms_decrypt_error = 60,
    remove_certificate_no_provider = 63,
    remove_certificate_error = 64,
    remove_certificate_admin_key_error = 65,
    remove_key_pair_no_provider = 66,
    remove_key_pair_error = 67,
    set_pin_policy_wrong_policy = 69,
    change_pin_mismatch = 72,
    change_pin_wrong_length = 73,
    change_pin_not_safe = 74,
    change_pin_error = 75,
    no_token_connected = 77,
    function_not_found = 78,
    set_pin_not_allowed = 79,
    invalid_config = 80,
    signature_image_not_found = 81,
    fingerprint_image_not_found = 82,
    custom_field_not_found = 83,
    config_bad_parameter = 84,
    config_parse_error = 85,
    config_invalid_signature = 86,
    face_image_not_found = 87,
    key_container_not_available = 88,
    token_not_available = 89,
    puk_blocked = 90,
    one_try_left = 91,
    two_tries_left = 92,
    three_tries_left = 93,
    four_tries_left = 94,
    five_tries_left = 95,
    six_tries_left = 96,
    seven_tries_left = 97,
    eight_tries_left = 98,
    nine_tries_left = 99,
    fingerprint_device_not_supported = 101,
    fingerprint_load_error = 102,
    fingerprint_open_error = 103,
    fingerprint_capture_error = 104,
    fingerprint_close_error = 105,
    fingerprint_driver_error = 106,
    fingerprint_list_error = 107,
    fingerprint_device_not_found = 108,
    fingerprint_fake_finger = 109,
    up_to_date = 110,
    out_of_date = 111,
    update_out_of_memory = 112,
    update_download_failure = 113,
    update_unknown_error = 114,
    update_downloading = 115,
    update_downloaded = 116,
    update_installer_started = 117,
    update_file_missing = 118,
    update_checking = 119,
    response_timeout = 120,
    nid_not_supported = 200,
    nid_version_not_supported = 201,
    nid_load_error = 202,
    nid_load_function_error = 203,
    nid_initialize_error = 204,
    nid_finger_index_error = 205,
    nid_server_access_error = 206,
    nid_signer_certificate_error = 207,
    nid_authenticate_error = 208,
    nid_sign_error = 209,
    nid_unblock_pin_error = 210,
    nid_sign_server_not_available = 211,
    provider_name_not_found = 220,
    wrong_extension = 221,
    set_pin_guide_error = 222,
};

struct ResultRow {
    ResultCode code;
    std::string_view name; ///< as published, with its spelling
    std::string_view meaning;
};
/// All 106, in the order of their numbers.
[[nodiscard]] std::span<const ResultRow> result_rows() noexcept;
/// Decimal, without padding: what stands in `Result`.
[[nodiscard]] std::string to_text(ResultCode code);

/// What was being done when something failed: the same cause has other numbers in other commands.
enum class Deed : std::uint8_t {
    other,
    select,
    sign,
    cms_sign,
    decrypt,
    generate,
    request,
    import,
    import_file,
    remove_certificate,
    remove_key_pair,
    change_pin,
    unblock_pin,
};
/// The one mapping from our codes. A decryption that failed has one code whatever the reason was (T21).
[[nodiscard]] ResultCode result_of(const Failure& failure, Deed deed) noexcept;

} // namespace mohr::protocol::dastine
