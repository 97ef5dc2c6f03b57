"""When each event of ARI comes, and what to know about it. Our own words."""

from __future__ import annotations

WHEN: dict[str, str] = {
    "ApplicationMoveFailed": "A move of a channel to another application (`POST /channels/ID/move`)"
    " failed, mostly because that application is not connected. The channel stays where it was.",
    "ApplicationRegistered": "An ARI application has connected. Only applications subscribed to"
    " everything are told.",
    "ApplicationReplaced": "Another connection has taken over this application's name. The old"
    " connection stays open and hears nothing more: end it, or two processes fight for the calls.",
    "ApplicationUnregistered": "An ARI application's connection is gone and its name is free.",
    "BridgeAttendedTransfer": "A phone has transferred with a consultation call before. `result`"
    " says how it went, `destination_type` where the transferee is now.",
    "BridgeBlindTransfer": "A phone has transferred (SIP REFER) without talking to the target"
    " first. `exten` and `context` are where to; `result` how it went.",
    "BridgeCreated": "A bridge exists, by `POST /bridges` or made by the dialplan's Dial.",
    "BridgeDestroyed": "A bridge is gone. Its channels left before: each had a ChannelLeftBridge.",
    "BridgeMerged": "The channels of `bridge_from` were moved into `bridge`, as at a transfer.",
    "BridgeVideoSourceChanged": "Another channel's video is now shown in the bridge.",
    "CallBroadcast": "A channel is offered to several applications (dialplan StasisBroadcast); the"
    " first to claim it (`POST /events/claim`) has it. Asterisk 22.10 and later.",
    "CallClaimed": "A broadcast channel went to another application: `winner_app`. Forget it.",
    "ChannelCallerId": "The caller's name or number was set or changed after the channel began.",
    "ChannelConnectedLine": "Whom the channel is connected to has changed: name or number of the"
    " other side, mostly at an answer or a transfer.",
    "ChannelCreated": "A channel exists. For a call in it comes before the dialplan runs and"
    " before StasisStart, and only subscribers of the channel or of everything are told.",
    "ChannelDestroyed": "The channel is gone, the last event it has. `cause` is the ISDN cause (16"
    " normal, 17 busy, 19 no answer, 21 rejected), `tech_cause` the SIP status where known."
    " It comes for channels that never entered an application too.",
    "ChannelDialplan": "The dialplan executes a step: `dialplan_app` with `dialplan_app_data`.",
    "ChannelDtmfReceived": "A key was pressed and let go: one event a key, at its end."
    " `duration_ms` is how long. In an RTP call it needs RFC 4733 or detection in the audio.",
    "ChannelEnteredBridge": "The channel is in the bridge now and hears the others. An addChannel"
    " answered with 204 is only a promise of this event.",
    "ChannelHangupRequest": "Somebody wants the channel to end: the far side (BYE) or a request."
    " StasisEnd and ChannelDestroyed follow. `soft` means that Asterisk itself asked.",
    "ChannelHold": "The phone has put the call on hold (re-INVITE with sendonly or inactive).",
    "ChannelLeftBridge": "The channel is out of the bridge: removed, moved, hung up, or the bridge"
    " was destroyed.",
    "ChannelStateChange": "The channel's state is another one: Down, Ring (a call in that is not"
    " answered), Ringing (the called phone rings), Up (answered), Busy.",
    "ChannelTalkingFinished": "The channel fell silent after `duration` ms of talking. Only with"
    " TALK_DETECT set on the channel.",
    "ChannelTalkingStarted": "The channel began to talk. Only with TALK_DETECT set on it.",
    "ChannelToneDetected": "The tone was heard that TONE_DETECT was set to listen for.",
    "ChannelTransfer": "The far side asks for a transfer (REFER) of a channel whose"
    " PJSIP_TRANSFER_HANDLING is ari-only: the application must do it. Asterisk 22.2 and later.",
    "ChannelUnhold": "The phone has taken the call back from hold.",
    "ChannelUserevent": "An application or the dialplan's UserEvent sent `eventname` with the"
    " variables in `userevent`.",
    "ChannelVarset": "A variable of the channel, or with no channel a global one, has a new value."
    " Many are Asterisk's own (RTPAUDIOQOS at the end, BRIDGEPEER, STASISSTATUS).",
    "ContactStatusChange": "A registered phone's contact became reachable, unreachable or was"
    " removed (qualify).",
    "DeviceStateChanged": "A device's state, as hints and lamps show it, is another one.",
    "Dial": "Calling out: first with an empty `dialstatus` (it begins), then RINGING, PROGRESS and"
    " how it ended: ANSWER, BUSY, NOANSWER, CANCEL, CONGESTION, CHANUNAVAIL. `peer` is who is"
    " called, `caller` the channel it is called for, absent for an originate.",
    "EndpointStateChange": "An endpoint went online or offline.",
    "MissingParams": "The request over the WebSocket lacks the parameters named here; nothing was"
    " done.",
    "PeerStatusChange": "A peer registered, unregistered or became unreachable.",
    "PlaybackContinuing": "One of several media of a playback is over, the next one begins.",
    "PlaybackFinished": "A playback is over. `state` done: played to its end or stopped; failed:"
    " no file of that name could be opened, and nothing was heard.",
    "PlaybackStarted": "A playback begins to be heard. Playbacks on one channel queue up: the"
    " request's answer says only that it is queued.",
    "RESTResponse": "The answer to a request that was made over the WebSocket. Asterisk 22.4 and"
    " later.",
    "RecordingFailed": "A recording could not be made or kept; `recording.cause` says why.",
    "RecordingFinished": "A recording is over and its file is closed, so that it can be fetched."
    " It was stopped, or its length, silence or ending key came.",
    "RecordingStarted": "A recording begins. With `beep` it comes before the beep is heard.",
    "StasisEnd": "The channel has left the application: hung up, continued in the dialplan or"
    " moved. It may live on; ChannelDestroyed is its end.",
    "StasisStart": "A channel is the application's now, with the arguments of the dialplan's"
    " Stasis(); until here no request may be made on it. Other applications are not told, even"
    " those subscribed to everything. `replace_channel` is whose place it takes at a transfer.",
    "TextMessageReceived": "A text message (SIP MESSAGE) came from an endpoint.",
}
