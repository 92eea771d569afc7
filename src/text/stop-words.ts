/** Words that say little about a topic, by language: as kuromoji's base forms, and in lower case. */
export const STOP_WORDS = {
  japanese: words(`
    する ある いる なる れる られる せる させる できる やる くる いく 行く 来る おる くれる もらう いただく くださる
    しまう みる おく いう 言う 思う 見る 出る 出す 持つ 使う よる つく つける とる かける
    です ます だ た ない ぬ う よう たい らしい だろう でしょう そう みたい てる ちゃう
    こと もの とき ところ ため わけ はず つもり ほう まま うち ほか 他 中 上 下 前 後 間 時 方 的 等 的な 場合 以上 以下
    これ それ あれ どれ ここ そこ あそこ どこ この その あの どの こう そう ああ どう こんな そんな あんな どんな
    私 わたし 僕 俺 あなた 彼 彼女 自分 誰 だれ 何 なに なん いつ なぜ
    さん ちゃん 君 氏 様 さま たち 達 ら
    が の を に へ と で から より まで は も や か な ね よ わ ぞ ぜ さ し ば て って ても でも など だけ しか ばかり ほど
    くらい ぐらい こそ さえ すら ずつ とか なり ながら つつ けれど けれども けど のに ので のみ ついて として において
    によって による という にて
    そして また しかし でも だから なので さらに および 及び または ただし なお つまり すなわち たとえば 例えば
    とても もっと すごい かなり やはり やっぱり ちょっと まだ もう すぐ よく いい 良い
    一 二 三 年 月 日 回 人 つ 個
  `),
  english: words(`
    a an the this that these those here there
    i me my mine myself we us our ours ourselves you your yours yourself yourselves he him his himself she her hers
    herself it its itself they them their theirs themselves one ones someone something anyone anything nothing everyone
    everything who whom whose which what when where why how
    am is are was were be been being do does did done doing have has had having will would shall should can could may
    might must ought cannot
    don doesn didn isn aren wasn weren hasn haven hadn won wouldn shouldn couldn ll ve re
    and or but nor so yet if then else than because as while although though unless until since whether
    of at by for with without about against between among into through during before after above below to from up down
    in out on off over under again further toward towards upon within across along around near per via
    all any both each every few more most other others another some such no not only own same too very just also even
    still ever never always often much many less least several enough quite rather
    once now once well s t
  `),
} as const;

function words(list: string): ReadonlySet<string> {
  return new Set(list.trim().split(/\s+/));
}
