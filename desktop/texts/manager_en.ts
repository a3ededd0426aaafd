<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="en_US">
<context>
    <name></name>
    <message id="manager.failure.notRunning"><translation>Mohr's service is not running.</translation></message>
    <message id="manager.failure.foreignService"><translation>The control socket belongs to another user; nothing was sent to it.</translation></message>
    <message id="manager.failure.connectionLost"><translation>The service broke off the connection. It is not certain that the request was carried out.</translation></message>
    <message id="manager.failure.timeout"><translation>The service did not answer in time.</translation></message>
    <message id="manager.failure.protocol"><translation>The service sent something that this program does not understand. Perhaps their versions differ.</translation></message>
    <message id="manager.failure.olderService"><translation>The running service is older than this window and cannot do that. Restart it.</translation></message>
    <message id="manager.failure.declined"><translation>You declined; nothing was done.</translation></message>
    <message id="manager.failure.consentTimeout"><translation>The time for an answer was over; nothing was done.</translation></message>
    <message id="manager.failure.cancelled"><translation>Cancelled; nothing was done.</translation></message>
    <message id="manager.failure.noAgent"><translation>The window that asks for your decision could not be opened.</translation></message>
    <message id="manager.failure.busy"><translation>Another request is already waiting. Answer that one first.</translation></message>
    <message id="manager.failure.noCertificate"><translation>There is no such certificate.</translation></message>
    <message id="manager.failure.keyUsage"><translation>The certificate was not issued for this use.</translation></message>
    <message id="manager.failure.certificateUnusable"><translation>The certificate is expired, revoked or not activated.</translation></message>
    <message id="manager.failure.algorithm"><translation>The algorithm is not supported here.</translation></message>
    <message id="manager.failure.malformed"><translation>The data is not what it should be, or it is damaged.</translation></message>
    <message id="manager.failure.decryption"><translation>The content could not be decrypted.</translation></message>
    <message id="manager.failure.notRecipient"><translation>It was not sealed for any key of this token.</translation></message>
    <message id="manager.failure.loginContext"><translation>This data would serve as a login; it cannot be signed as a document.</translation></message>
    <message id="manager.failure.limit"><translation>A limit was passed.</translation></message>
    <message id="manager.failure.confirmation"><translation>This needs a second confirmation.</translation></message>
    <message id="manager.failure.wrongRole"><translation>This role may not do this.</translation></message>
    <message id="manager.failure.notFound"><translation>It is no longer there.</translation></message>
    <message id="manager.failure.storage"><translation>The disk refused; nothing was changed.</translation></message>
    <message id="manager.failure.exists"><translation>It exists already.</translation></message>
    <message id="manager.failure.wrongPassword"><translation>The password does not open the file.</translation></message>
    <message id="manager.failure.pinInvalid"><translation>The new PIN breaks a rule.</translation></message>
    <message id="manager.failure.pinWrong"><translation>Wrong PIN.</translation></message>
    <message id="manager.failure.ownerRefused"><translation>The password of this account was not right.</translation></message>
    <message id="manager.failure.notLogged"><translation>It was done, but the activity log could not take it down.</translation></message>
    <message id="manager.failure.other"><translation>The service refused (%1).</translation></message>
    <message id="manager.failure.detail"><translation>%1 (%2)</translation></message>
    <message id="manager.state.on"><translation>Dastineh: running</translation></message>
    <message id="manager.state.off"><translation>Dastineh: stopped</translation></message>
    <message id="manager.state.unreachable"><translation>Dastineh: not running</translation></message>
    <message id="manager.state.offHint"><translation>Portals cannot reach the token. Switch on to let them ask again.</translation></message>
    <message id="manager.state.asking"><translation>A request is waiting for your decision.</translation></message>
    <message id="manager.state.tlsRenew"><translation>The certificate for the secure connection will soon expire.</translation></message>
    <message id="manager.state.unlocked"><translation>The token is unlocked.</translation></message>
    <message id="manager.state.locked"><translation>The token is locked; the next use unlocks it with the PIN.</translation></message>
    <message id="manager.undo"><translation>Undo</translation></message>
    <message id="manager.thisComputer"><translation>this computer</translation></message>
    <message id="manager.stop.openRequest"><translation>A request of %1 is still open. Switching off ends it as declined.</translation></message>
    <message id="manager.stop.anyway"><translation>Switch off</translation></message>
    <message id="manager.switch.on"><translation>Switch Dastineh on</translation></message>
    <message id="manager.switch.off"><translation>Switch Dastineh off</translation></message>
    <message id="manager.pages"><translation>Pages</translation></message>
    <message id="manager.page.home"><translation>Start</translation></message>
    <message id="manager.home.intro"><translation>Which token do you want to manage?</translation></message>
    <message id="manager.home.mobileTokenHint"><translation>Your keys and certificates, kept sealed on this computer</translation></message>
    <message id="manager.home.tour"><translation>What Mohr is and how to know its windows</translation></message>
</context>
</TS>
