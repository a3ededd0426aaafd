// SPDX-License-Identifier: Apache-2.0
import { allCommands } from './commands.mjs';

const range = (first, last) => Array.from({ length: last - first + 1 }, (_value, at) => first + at);
const unassigned = new Set([28, ...range(37, 40), 46, 47, ...range(51, 55), 58, 59, 61, 62, 68, 70, 71, 76, 100]);

/** The 106 result codes there are. Pages take any other short text for success. */
export const resultCodes = new Set(
    [0, ...range(10, 120), ...range(200, 211), ...range(220, 222)].filter((code) => !unassigned.has(code)).map(String),
);

/** Arguments with which each command has nothing to ask the person before anything was selected, and its answer then. */
export const atOnce = {
    GetVersion: [[], /^5\.\d+\.\d+\.\d+$/],
    SetConfig: [['<Configuration></Configuration>'], '0'],
    Reset: [[], '0'],
    CheckUpdate: [[], '110'],
    InstallUpdate: [[], '19'],
    GetSelectedCertificate: [[], '11'],
    GetProviderName: [[], '11'],
    ListTokens: [[], '20'],
    RemoveSelectedCertificate: [[], '11'],
    RemoveGeneratedKeyPair: [[], /^6[67]$/],
    Sign: [['QUJD', 'SHA256'], '11'],
    CmsSign: [['QUJD', false, 'SHA256'], '11'],
    CmsSignWithAttributes: [['QUJD', '', ''], '11'],
    Decrypt: [['QUJD'], '11'],
    GenerateKeyPairAndCertificateRequestOnSelectedCertificate: [['CN=A', 2048, ''], '11'],
    GenerateCertificateRequestBySelectedCertificate: [[], '11'],
    ImportIssuedCertificate: [[''], '48'],
    ImportIssuedCertificateOnSelectedCertificate: [['QUJD'], /^(11|48|50)$/],
    SetPIN: [['1234', ''], '79'],
    SetAdminKey: [['1234', ''], '19'],
    SetPINGuide: [['hint'], '0'],
    TokenRemoveHandler: [[], /^(1|10)$/],
    TokenInsertHandler: [[], /^(1|10)$/],
    ReadSignatureImage: [[], '81'],
    ReadFingerprintImage: [[], '82'],
    ReadCustomField: [['1'], '83'],
    ReadFaceImage: [[], '87'],
    ReadValidationData: [[], '19'],
    ReadPrintedData: [[], '19'],
    ReadExtendedPrintedData: [[], '19'],
    ReadSerialNumber: [[], '19'],
    ReadIDinCardsSerialNumber: [[], '19'],
    SetIDinCard: [['1'], '19'],
    SetIDinCardIndexForIssuance: [[1], '19'],
    GetFingerPrintScannerSupportedDevices: [[], '101'],
    OpenFingerPrintScanner: [['x'], '101'],
    CaptureFingerPrintScanner: [['x'], '101'],
    CloseFingerPrintScanner: [[], '101'],
    GetFingerPrintScannerDLLVersion: [[], '101'],
    GetFingerPrintScannerSupportedImageFormat: [['x'], '101'],
    CaptureFingerPrint: [['x'], '101'],
    NIDGetFingerIndex: [['x'], '200'],
    NIDAuthenticateByPIN: [['x'], '200'],
    NIDAuthenticateByFingerUI: [['x'], '200'],
    NIDAuthenticateByFinger: [['x', 1, 'QQ==', 1, 1, 500], '200'],
    NIDSign: [['x', 'QQ=='], '200'],
    NIDChangePIN: [['x', 1, '1111', '2222'], '200'],
    NIDUnblockPIN: [['x', 1], '200'],
    NIDSetDSAuthToken: [['x'], '200'],
    // Once: a second one would find the watch set, which is 17.
    SetTokenRemoveEvent: [[], '0', 'once'],
    SetTokenInsertEvent: [[], '0', 'once'],
};

/** Arguments of the others, which ask the person. */
export const withPrompt = {
    SelectCertificateFromWindowsByUI: ['', ''],
    SelectCertificateFromWindowsBySubject: ['CN=Nobody', '', ''],
    SelectCertificateFromTokenByUI: ['', ''],
    SelectCertificateFromTokenBySubject: ['CN=Nobody', '', ''],
    SelectCertificateFromFileByUI: ['', '', '', ''],
    SelectCertificateFromFileBySubject: ['CN=Nobody', '', '', '', ''],
    SelectCertificateByThumbprint: ['00'.repeat(20), ''],
    FindCertificateFromToken: ['', ''],
    GenerateKeyPairAndCertificateRequest: ['CN=A', 2048, ''],
    GenerateKeyPairAndCertificateRequestWithSANS: ['CN=A', 2048, '', '', 'a@example.ir', '', '', '', '', ''],
    ImportCertificateFromFileToToken: ['', '', '', ''],
    CmsDecrypt: ['QUJD'],
    ChangePIN: [''],
    UnblockPIN: [''],
};

const covered = [...Object.keys(atOnce), ...Object.keys(withPrompt), 'DastineIsAlive'];
const forgotten = allCommands.filter((command) => !covered.includes(command));
if (forgotten.length > 0 || covered.length !== allCommands.length) throw new Error(`commands without an expectation: ${forgotten}`);
