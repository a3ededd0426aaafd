// SPDX-License-Identifier: Apache-2.0
#include <mohr/protocol/dastine_codes.hpp>

#include <algorithm>
#include <array>

namespace mohr::protocol::dastine {
namespace {

constexpr std::array rows{
    ResultRow{ResultCode::successful, "SUCCESSFUL", "done"},
    ResultRow{ResultCode::unknown, "E_UNKNOWN", "unspecified failure"},
    ResultRow{ResultCode::certificate_not_selected, "E_CERTIFICATE_NOT_SELECTED",
              "no certificate is selected in this session"},
    ResultRow{ResultCode::hash_not_supported, "E_HASH_ALG_NOT_SUPPORTED", "hash name unknown or forbidden"},
    ResultRow{ResultCode::pin_window_timeout, "E_PIN_WINDOW_TIMEOUT", "PIN dialog expired"},
    ResultRow{ResultCode::wrong_pin, "E_WRONG_PIN", "PIN wrong"},
    ResultRow{ResultCode::allocate_memory_error, "E_ALLOCATE_MEMORY_ERROR", "out of memory"},
    ResultRow{ResultCode::key_length_not_supported, "E_KEYLENGTH_NOT_SUPPORTED", "key size not possible"},
    ResultRow{ResultCode::event_already_set, "E_EVENT_ALREADY_SET", "that token watch is already active"},
    ResultRow{ResultCode::cancelled_by_user, "E_CANCLED_BY_USER", "user cancelled"},
    ResultRow{ResultCode::not_supported, "E_NOT_SUPPORTED", "not supported here"},
    ResultRow{ResultCode::permission_denied, "E_PERMISSION_DENIED", "not allowed"},
    ResultRow{ResultCode::wrong_puk, "E_WRONG_PUK", "PUK wrong"},
    ResultRow{ResultCode::wrong_subject_dn, "E_WRONG_SUBJECTDN", "subject name malformed"},
    ResultRow{ResultCode::certificate_not_found, "E_SELECTCERTIFICATE_NOT_FOUND",
              "no certificate fits (or token module missing)"},
    ResultRow{ResultCode::hardware_info_check_error, "E_SELECTCERTIFICATE_HARDWAREINFO_CHECK_ERROR",
              "token hardware not on the allowed list"},
    ResultRow{ResultCode::no_certificate_on_token, "E_SELECTCERTIFICATE_NO_CERTIFICATE_ON_TOKEN",
              "token absent or empty"},
    ResultRow{ResultCode::wrong_password, "E_SELECTCERTIFICATE_WRONG_PASSWORD", "PKCS#12 password wrong"},
    ResultRow{ResultCode::file_corrupt, "E_SELECTCERTIFICATE_FILE_CURRUPT", "PKCS#12 unreadable"},
    ResultRow{ResultCode::pin_blocked, "E_PIN_BLOCKED", "PIN blocked"},
    ResultRow{ResultCode::no_private_key, "E_NO_PRIVATEKEY", "private key not reachable"},
    ResultRow{ResultCode::generate_hash_error, "E_SIGN_GENERATE_HASH_ERROR", "hashing failed"},
    ResultRow{ResultCode::generate_signature_error, "E_SIGN_GENERATE_SIGNATURE_ERROR", "signing failed"},
    ResultRow{ResultCode::release_context_error, "E_SIGN_RELEASE_CONTEXT_ERROR",
              "provider context could not be released"},
    ResultRow{ResultCode::data_not_base64, "E_INPUT_DATA_NOT_B64", "input is not base64"},
    ResultRow{ResultCode::invalid_data, "E_INVALID_INPUT_DATA", "input invalid"},
    ResultRow{ResultCode::list_tokens_error, "E_LISTTOKENS_ENUM_CSPS_ERROR", "providers could not be listed"},
    ResultRow{ResultCode::csr_acquire_context_error, "E_GENERATECSR_AQUIRECONTEXT_ERROR",
              "token context not available"},
    ResultRow{ResultCode::csr_generate_key_pair_error, "E_GENERATECSR_GENERATE_KEYPAIR_ERROR",
              "key generation failed"},
    ResultRow{ResultCode::csr_wrong_public_key, "E_GENERATECSR_WRONG_PUBLICKEY", "public key unusable"},
    ResultRow{ResultCode::csr_sign_error, "E_GENERATECSR_SIGN_CSR_ERROR", "request could not be signed"},
    ResultRow{ResultCode::csr_admin_key_error, "E_GENERATECSR_ADMINKEY_ERROR", "admin key problem"},
    ResultRow{ResultCode::import_not_base64, "E_IMPORTCERTIFICATE_CERTIFICATE_NOT_B64",
              "certificate not base64 or empty"},
    ResultRow{ResultCode::import_handle_not_valid, "E_IMPORTCERTIFICATE_HANDLE_NOT_VALID",
              "key pair of this session unknown or expired"},
    ResultRow{ResultCode::import_write_error, "E_IMPORTCERTIFICATE_WRITE_CERTIFICATE_ERROR",
              "certificate could not be written"},
    ResultRow{ResultCode::cms_sign_error, "E_CMSSIGN_SIGN_ERROR", "CMS signing failed"},
    ResultRow{ResultCode::cms_sign_invalid_attribute, "E_CMSSIGN_INVALID_ATTRIBUTE",
              "attribute list invalid"},
    ResultRow{ResultCode::cms_decrypt_error, "E_CMSDECRYPT_DECRYPT_ERROR",
              "CMS decryption failed / no key for it"},
    ResultRow{ResultCode::remove_certificate_no_provider, "E_REMOVECERTIFICATE_NO_PROVIDER",
              "provider of the certificate unknown"},
    ResultRow{ResultCode::remove_certificate_error, "E_REMOVECERTIFICATE_ERROR",
              "certificate could not be removed"},
    ResultRow{ResultCode::remove_certificate_admin_key_error, "E_REMOVECERTIFICATE_ADMINKEY_ERROR",
              "admin key problem on removal"},
    ResultRow{ResultCode::remove_key_pair_no_provider, "E_REMOVEGENERATEDKEYPAIR_NO_PROVIDER",
              "provider of the key pair unknown"},
    ResultRow{ResultCode::remove_key_pair_error, "E_REMOVEGENERATEDKEYPAIR_ERROR",
              "key pair could not be removed"},
    ResultRow{ResultCode::set_pin_policy_wrong_policy, "E_SETPINPOLICY_WRONG_POLICY", "PIN policy unknown"},
    ResultRow{ResultCode::change_pin_mismatch, "E_CHANGEPIN_NEW_PINS_MISMATCH", "the two new PINs differ"},
    ResultRow{ResultCode::change_pin_wrong_length, "E_CHANGEPIN_NEW_PIN_WRONG_LENGTH",
              "new PIN length wrong"},
    ResultRow{ResultCode::change_pin_not_safe, "E_CHANGEPIN_NEW_PIN_NOT_SAFE", "new PIN too weak"},
    ResultRow{ResultCode::change_pin_error, "E_CHANGEPIN_ERROR", "PIN change failed"},
    ResultRow{ResultCode::no_token_connected, "E_SETADMINKEY_NO_TOKEN_CONNECTED", "no token connected"},
    ResultRow{ResultCode::function_not_found, "E_FUNCTION_NOT_FOUND", "unknown command"},
    ResultRow{ResultCode::set_pin_not_allowed, "E_SETPIN_CONFIG_NOT_ALLOWED",
              "configuration forbids setting a PIN"},
    ResultRow{ResultCode::invalid_config, "E_INVALID_CONFIG", "no valid configuration"},
    ResultRow{ResultCode::signature_image_not_found, "E_READSIGNATUREIMAGE_FILE_NOT_FOUND",
              "no signature image on the card"},
    ResultRow{ResultCode::fingerprint_image_not_found, "E_READFINGERPRINTIMAGE_FILE_NOT_FOUND",
              "no fingerprint image on the card"},
    ResultRow{ResultCode::custom_field_not_found, "E_READCUSTOMFIELD_FILE_NOT_FOUND", "no such custom field"},
    ResultRow{ResultCode::config_bad_parameter, "E_SETCONFIG_BAD_PARAM", "configuration argument bad"},
    ResultRow{ResultCode::config_parse_error, "E_SETCONFIG_PARSE_ERROR", "configuration not parseable"},
    ResultRow{ResultCode::config_invalid_signature, "E_SETCONFIG_INVALID_SIGNATURE",
              "configuration signature invalid"},
    ResultRow{ResultCode::face_image_not_found, "E_READFACEIMAGE_FILE_NOT_FOUND",
              "no face image on the card"},
    ResultRow{ResultCode::key_container_not_available, "E_KEYCONTAINER_NOT_AVAILABLE",
              "key container not available"},
    ResultRow{ResultCode::token_not_available, "E_TOKEN_NOT_AVAILABLE", "token not present"},
    ResultRow{ResultCode::puk_blocked, "E_PUK_BLOCKED", "PUK blocked"},
    ResultRow{ResultCode::one_try_left, "E_NOT_AUTHENTICATED_RETRY_1", "the PIN was wrong, 1 try left"},
    ResultRow{ResultCode::two_tries_left, "E_NOT_AUTHENTICATED_RETRY_2", "the PIN was wrong, 2 tries left"},
    ResultRow{ResultCode::three_tries_left, "E_NOT_AUTHENTICATED_RETRY_3", "the PIN was wrong, 3 tries left"},
    ResultRow{ResultCode::four_tries_left, "E_NOT_AUTHENTICATED_RETRY_4", "the PIN was wrong, 4 tries left"},
    ResultRow{ResultCode::five_tries_left, "E_NOT_AUTHENTICATED_RETRY_5", "the PIN was wrong, 5 tries left"},
    ResultRow{ResultCode::six_tries_left, "E_NOT_AUTHENTICATED_RETRY_6", "the PIN was wrong, 6 tries left"},
    ResultRow{ResultCode::seven_tries_left, "E_NOT_AUTHENTICATED_RETRY_7", "the PIN was wrong, 7 tries left"},
    ResultRow{ResultCode::eight_tries_left, "E_NOT_AUTHENTICATED_RETRY_8", "the PIN was wrong, 8 tries left"},
    ResultRow{ResultCode::nine_tries_left, "E_NOT_AUTHENTICATED_RETRY_9", "the PIN was wrong, 9 tries left"},
    ResultRow{ResultCode::fingerprint_device_not_supported, "E_FINGERPRINT_DEVICE_NOT_SUPPORT",
              "scanner not supported"},
    ResultRow{ResultCode::fingerprint_load_error, "E_FINGERPRINT_LOAD_DLL_ERROR",
              "scanner driver not loadable"},
    ResultRow{ResultCode::fingerprint_open_error, "E_FINGERPRINT_DEVICE_OPEN_ERROR",
              "scanner cannot be opened"},
    ResultRow{ResultCode::fingerprint_capture_error, "E_FINGERPRINT_DEVICE_CAPTURE_ERROR", "capture failed"},
    ResultRow{ResultCode::fingerprint_close_error, "E_FINGERPRINT_DEVICE_CLOSE_ERROR", "closing failed"},
    ResultRow{ResultCode::fingerprint_driver_error, "E_FINGERPRINT_DEVICE_DLL_ERROR", "scanner driver error"},
    ResultRow{ResultCode::fingerprint_list_error, "E_FINGERPRINT_GET_SUPPORTED_DEVICES_ERROR",
              "device list failed"},
    ResultRow{ResultCode::fingerprint_device_not_found, "E_FINGERPRINT_DEVICE_NOT_FOUND", "no scanner"},
    ResultRow{ResultCode::fingerprint_fake_finger, "E_FINGERPRINT_FAKE_FINGER_DETECT", "fake finger"},
    ResultRow{ResultCode::up_to_date, "E_DASTINE_IS_UP_TO_DATE", "current version installed"},
    ResultRow{ResultCode::out_of_date, "E_DASTINE_IS_OUT_OF_DATE", "newer version exists"},
    ResultRow{ResultCode::update_out_of_memory, "E_UPDATE_OUT_OF_MEMORY", "update: no space"},
    ResultRow{ResultCode::update_download_failure, "E_UPDATE_DOWNLOAD_FAILURE", "update: download failed"},
    ResultRow{ResultCode::update_unknown_error, "E_UPDATE_UNKNOWN_ERROR", "update: other error"},
    ResultRow{ResultCode::update_downloading, "E_UPDATE_IS_DOWNLOADING", "update: downloading"},
    ResultRow{ResultCode::update_downloaded, "E_UPDATE_DOWNLOAD_COMPLETE", "update: downloaded"},
    ResultRow{ResultCode::update_installer_started, "E_UPDATE_INSTALL_RUNED", "update: installer started"},
    ResultRow{ResultCode::update_file_missing, "E_UPDATE_FILE_NOT_EXIST", "update: file missing"},
    ResultRow{ResultCode::update_checking, "E_UPDATE_IS_CHECKING_VERSION", "update: checking"},
    ResultRow{ResultCode::response_timeout, "E_RESPONSE_TIMEOUT", "the helper did not answer in time"},
    ResultRow{ResultCode::nid_not_supported, "E_NID_NOT_SUPPORT", "national id functions not supported"},
    ResultRow{ResultCode::nid_version_not_supported, "E_NID_VERSION_NOT_SUPPORT",
              "national id version not supported"},
    ResultRow{ResultCode::nid_load_error, "E_NID_LOAD_DLL_ERROR", "library not loadable"},
    ResultRow{ResultCode::nid_load_function_error, "E_NID_LOAD_FUNCTION_ERROR", "library function missing"},
    ResultRow{ResultCode::nid_initialize_error, "E_NID_INITIALIZE_ERROR", "initialisation failed"},
    ResultRow{ResultCode::nid_finger_index_error, "E_NID_GET_FINGER_INDEX_ERROR",
              "finger index not readable"},
    ResultRow{ResultCode::nid_server_access_error, "E_NID_DS_SERVER_ACCESS_ERROR",
              "signing server not reachable"},
    ResultRow{ResultCode::nid_signer_certificate_error, "E_NID_GET_SIGNER_CER_ERROR",
              "signer certificate not available"},
    ResultRow{ResultCode::nid_authenticate_error, "E_NID_AUTHENTICATE_ERROR", "authentication failed"},
    ResultRow{ResultCode::nid_sign_error, "E_NID_SIGN_ERROR", "signing failed"},
    ResultRow{ResultCode::nid_unblock_pin_error, "E_NID_UNBLOCK_PIN_ERROR", "unblocking failed"},
    ResultRow{ResultCode::nid_sign_server_not_available, "E_NID_SIGN_SERVER_NOT_AVAILABLE",
              "remote signer unavailable"},
    ResultRow{ResultCode::provider_name_not_found, "E_PROVIDER_NAME_NOT_FOUND", "provider name not found"},
    ResultRow{ResultCode::wrong_extension, "E_WRONG_EXTENSION",
              "wrong extension (file or certificate, unclear)"},
    ResultRow{ResultCode::set_pin_guide_error, "E_SET_PIN_GUIDE_ERROR", "PIN hint could not be set"},
};
static_assert(rows.size() == 106);

using enum ResultCode;

/// Where the deed makes the difference. The first row that fits counts.
struct DeedRow {
    Deed deed;
    Code code;
    ResultCode result;
};
constexpr std::array by_deed{
    DeedRow{Deed::select, Code::token_not_initialised, no_certificate_on_token},
    DeedRow{Deed::sign, Code::certificate_not_found, certificate_not_selected},
    DeedRow{Deed::sign, Code::unsupported_algorithm, hash_not_supported},
    DeedRow{Deed::sign, Code::internal_error, generate_signature_error},
    DeedRow{Deed::cms_sign, Code::certificate_not_found, certificate_not_selected},
    DeedRow{Deed::cms_sign, Code::unsupported_algorithm, hash_not_supported},
    DeedRow{Deed::cms_sign, Code::internal_error, cms_sign_error},
    DeedRow{Deed::decrypt, Code::internal_error, cms_decrypt_error},
    DeedRow{Deed::decrypt, Code::certificate_not_found, cms_decrypt_error},
    DeedRow{Deed::decrypt, Code::unsupported_algorithm, cms_decrypt_error},
    DeedRow{Deed::decrypt, Code::malformed_data, cms_decrypt_error},
    DeedRow{Deed::decrypt, Code::invalid_params, cms_decrypt_error},
    DeedRow{Deed::generate, Code::internal_error, csr_generate_key_pair_error},
    DeedRow{Deed::generate, Code::storage_failed, csr_generate_key_pair_error},
    DeedRow{Deed::generate, Code::unsupported_algorithm, csr_generate_key_pair_error},
    DeedRow{Deed::generate, Code::limit_exceeded, csr_generate_key_pair_error},
    DeedRow{Deed::generate, Code::certificate_not_found, certificate_not_selected},
    DeedRow{Deed::request, Code::internal_error, csr_sign_error},
    DeedRow{Deed::request, Code::unsupported_algorithm, csr_sign_error},
    DeedRow{Deed::request, Code::certificate_not_found, certificate_not_selected},
    DeedRow{Deed::import, Code::internal_error, import_write_error},
    DeedRow{Deed::import, Code::storage_failed, import_write_error},
    DeedRow{Deed::import, Code::exists, import_write_error},
    DeedRow{Deed::import, Code::malformed_data, import_not_base64},
    DeedRow{Deed::import, Code::not_found, import_handle_not_valid},
    DeedRow{Deed::import, Code::certificate_not_found, import_handle_not_valid},
    DeedRow{Deed::import_file, Code::malformed_data, file_corrupt},
    DeedRow{Deed::import_file, Code::unsupported_algorithm, file_corrupt},
    DeedRow{Deed::import_file, Code::storage_failed, import_write_error},
    DeedRow{Deed::import_file, Code::exists, import_write_error},
    DeedRow{Deed::remove_certificate, Code::internal_error, remove_certificate_error},
    DeedRow{Deed::remove_certificate, Code::storage_failed, remove_certificate_error},
    DeedRow{Deed::remove_certificate, Code::not_found, certificate_not_selected},
    DeedRow{Deed::remove_certificate, Code::certificate_not_found, certificate_not_selected},
    DeedRow{Deed::remove_key_pair, Code::internal_error, remove_key_pair_error},
    DeedRow{Deed::remove_key_pair, Code::storage_failed, remove_key_pair_error},
    DeedRow{Deed::remove_key_pair, Code::not_found, remove_key_pair_no_provider},
    DeedRow{Deed::change_pin, Code::internal_error, change_pin_error},
    DeedRow{Deed::change_pin, Code::storage_failed, change_pin_error},
    DeedRow{Deed::unblock_pin, Code::pin_wrong, wrong_puk},
    DeedRow{Deed::unblock_pin, Code::pin_blocked, puk_blocked},
    DeedRow{Deed::unblock_pin, Code::internal_error, change_pin_error},
    DeedRow{Deed::unblock_pin, Code::storage_failed, change_pin_error},
};

/// Everywhere else, in the order of Code. Two-digit numbers only: some pages know an error by its length.
constexpr std::array by_code{
    invalid_data,          // parse_error
    invalid_data,          // invalid_request
    function_not_found,    // method_not_found
    invalid_data,          // invalid_params
    unknown,               // internal_error
    cancelled_by_user,     // user_cancelled
    pin_window_timeout,    // consent_timeout
    cancelled_by_user,     // cancelled
    permission_denied,     // origin_denied
    permission_denied,     // blind_denied
    permission_denied,     // no_agent
    permission_denied,     // busy
    wrong_pin,             // pin_wrong
    pin_blocked,           // pin_blocked
    token_not_available,   // token_not_activated
    token_not_available,   // token_not_initialised
    certificate_not_found, // certificate_not_found
    permission_denied,     // key_usage
    permission_denied,     // certificate_unusable
    not_supported,         // unsupported_algorithm
    invalid_data,          // malformed_data
    cms_decrypt_error,     // decryption_failed
    cms_decrypt_error,     // not_a_recipient
    permission_denied,     // login_context
    allocate_memory_error, // limit_exceeded
    invalid_data,          // stream_error
    change_pin_not_safe,   // pin_invalid
    cancelled_by_user,     // confirmation_needed
    permission_denied,     // wrong_role
    permission_denied,     // no_terminal
    permission_denied,     // agent_exists
    certificate_not_found, // not_found
    unknown,               // storage_failed
    unknown,               // exists
    permission_denied,     // owner_authentication_needed
    wrong_password,        // wrong_password
};

} // namespace

std::span<const ResultRow> result_rows() noexcept {
    return rows;
}

std::string to_text(ResultCode code) {
    return std::to_string(static_cast<unsigned>(code));
}

ResultCode result_of(const Failure& failure, Deed deed) noexcept {
    if (failure.code == Code::certificate_not_found && failure.path == "selected")
        return certificate_not_selected;
    for (const DeedRow& row : by_deed)
        if (row.deed == deed && row.code == failure.code) return row.result;
    switch (failure.code) {
    case Code::pin_wrong:
        // Pages look for 14; only the last try has a number of its own, and none left is a blocked PIN.
        if (failure.tries_left == 1U) return one_try_left;
        if (failure.tries_left == 0U) return ResultCode::pin_blocked;
        break;
    case Code::pin_invalid:
        if (failure.reason.find("length") != std::string::npos) return change_pin_wrong_length;
        if (failure.reason.find("match") != std::string::npos) return change_pin_mismatch;
        break;
    case Code::malformed_data:
    case Code::invalid_params:
        if (failure.path == "subject") return wrong_subject_dn;
        if (failure.path.starts_with("attributes")) return cms_sign_invalid_attribute;
        break;
    default:
        break;
    }
    const auto index = static_cast<std::size_t>(failure.code);
    return index < by_code.size() ? by_code[index] : unknown;
}

} // namespace mohr::protocol::dastine
