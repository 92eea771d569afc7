import { philox } from '#dist/random.js';
import type { Cluster, Document, ReportData } from '../../src/types.js';

/** A topic: its category, the words that name it, and what headlines are put together from. */
interface Topic {
  category: string;
  terms: string[];
  subjects: string[];
  endings: string[];
}

const topic = (category: string, terms: string, subjects: string, endings: string): Topic => ({
  category,
  terms: terms.split(' '),
  subjects: subjects.split('|'),
  endings: endings.split('|'),
});

const TOPICS: Topic[] = [
  topic(
    'sports',
    '野球 投手 監督 開幕 打線 連勝',
    '左腕の三沢が|北関ライナーズ、|高卒2年目の捕手が|元大リーガーの大場が|首位攻防の3連戦、',
    '延長11回を投げ切る|連敗を5で止める|開幕投手に名乗り|サヨナラ打で球場を沸かせた|今季初の完封勝利|キャンプ初日から全力投球',
  ),
  topic(
    'sports',
    '代表 サッカー 得点 移籍 試合 主将',
    '日本代表MF相良が|女子代表、|湖東FCの主将が|19歳のFWが|敵地での第2戦、',
    '後半ロスタイムに決勝点|欧州移籍を決断した理由|右足一閃で初得点|「内容には満足していない」|堅守で無失点に抑える',
  ),
  topic(
    'sports',
    '力士 横綱 場所 土俵 優勝 休場',
    '新大関の海鳳が|横綱・白嶺、|幕下の元学生王者が|名古屋場所の千秋楽、',
    '初優勝に王手|左足首の負傷で休場|金星に座布団が舞う|連勝を14に伸ばした|引退会見で語った師匠の一言',
  ),
  topic(
    'movie',
    '映画 公開 主演 監督 予告編 上映',
    '映画『灯台の冬』|新鋭・日向監督の長編が|話題作『夜更けの回転木馬』|主演の早瀬ほのか、|ドキュメンタリー映画『畳の縁』',
    '特報映像が解禁|秋の公開が決定|撮影現場の涙を明かす|海外映画祭で観客賞|全国80館へ拡大公開',
  ),
  topic(
    'movie',
    'アニメ 声優 劇場版 シリーズ 原作 続編',
    '人気アニメ『空色キッチン』|劇場版『銀河の郵便屋』|声優の水城りおが|10年ぶりの続編、',
    '新キャストを発表|前夜祭の配信が決まる|初日の舞台挨拶で涙|原作者が描き下ろした1枚|主題歌は若手バンドが担当',
  ),
  topic(
    'mobile',
    'スマートフォン 発売 搭載 画面 機種 防水',
    '折りたためる新型スマホ「Nagi 3」|6.1型の小型モデル、|防水スマートフォンの新色|【レビュー】薄さ6ミリの新機種、',
    '来週金曜に発売|カメラの画素数を倍に|発熱はどこまで減ったか|予約が初日で3万台|落としても割れない画面を搭載',
  ),
  topic(
    'mobile',
    '料金 SIM プラン 通信 格安 契約',
    '格安SIMの新プラン、|月3GBの料金を|家族割の見直しで|通信大手3社、',
    '月額500円台に|乗り換えの前に確かめたい5項目|解約金を廃止へ|速度の比較で見えた差|申し込みが殺到した理由',
  ),
  topic(
    'mobile',
    'アプリ 更新 通知 無料 機能 設定',
    '写真整理アプリが|家計簿アプリの新機能、|無料の翻訳アプリ、|地図アプリの更新で',
    '会話をその場で字幕に|通知が届かない不具合を修正|設定を変えるだけで電池が長持ち|利用者が1000万人を超えた',
  ),
  topic(
    'it-tips',
    'Excel 関数 入力 便利 表 仕事',
    '【Excel】日付の入力を|表の見出しを固定して|関数を使わずに|ピボットの集計、',
    '3秒で終わらせる方法|印刷の失敗をなくす|重複した行を見つける|知らないと損する小ワザ|月末の仕事が半分になる',
  ),
  topic(
    'it-tips',
    'パソコン 設定 Windows 起動 動作 対策',
    '古いパソコンの起動が|Windowsの設定を1つ変えて|動作が重いと感じたら|突然の青い画面、',
    '見違えるほど速くなる|まず疑うべき常駐ソフト|慌てずに試したい対策3つ|買い替えの目安は何年か',
  ),
  topic(
    'it-tips',
    'パスワード 安全 詐欺 メール 被害 注意',
    '宅配を装うメールに|使い回しのパスワード、|偽の警告画面から|公衆Wi-Fiを使う前に',
    '被害が前年の2倍|見分け方は差出人の1文字|家族で決めておきたい合言葉|専門家が注意を呼びかけ',
  ),
  topic(
    'appliances',
    '冷蔵庫 洗濯機 電気代 新型 省エネ 家電',
    '大容量なのに細身の冷蔵庫、|乾燥まで任せる洗濯機を|電気代を抑える省エネ家電、|新型エアコンの',
    '1か月使ってわかったこと|静かさの秘密を開発者に聞く|買い時は9月という根拠|霜が付かない仕組みとは',
  ),
  topic(
    'appliances',
    '掃除機 吸引 ロボット 充電 軽い 部屋',
    '段差を越えるロボット掃除機|重さ1.1キロのスティック掃除機、|充電が長持ちする掃除機を|髪の毛が絡まないブラシ、',
    '部屋の隅まで実験|吸引力を粉で比べた|猫のいる家での3週間|値下がりで注目が集まる',
  ),
  topic(
    'appliances',
    'カメラ レンズ 撮影 テレビ 画質 4K',
    '初めての一眼カメラ、|望遠レンズの新製品|55型4Kテレビの画質を|夜景の撮影に強い小型カメラ',
    '店頭で比べてわかった差|子どもの運動会で試す|プロが教える設定の順番|量販店の売れ筋を変えた1台',
  ),
  topic(
    'topics',
    '台風 大雨 警報 避難 気象 地震',
    '大型の台風9号、|九州北部の大雨で|【速報】沿岸部に|真夜中の地震、',
    '明朝にも上陸か|2万世帯に避難の呼びかけ|津波注意報は解除|交通の乱れは昼過ぎまで続く|川の水位が急上昇',
  ),
  topic(
    'topics',
    '市長 議会 選挙 予算 税金 批判',
    '新庁舎の建設費に|市議会の居眠り写真、|知事選の開票が|子育て予算の増額を',
    '市民から批判の声|わずか82票差で決着|税金の使い道を問う集会|議会が全会一致で可決',
  ),
  topic(
    'mens-life',
    '年収 転職 会社 上司 30代 給料',
    '転職で年収が下がった30代が|「定時で帰る上司」の|初任給を追い越された|辞めた会社から届いた',
    '後悔していない理由|評価が上がった意外な一言|中堅社員の本音|給料交渉の順番を学ぶ',
  ),
  topic(
    'mens-life',
    '革靴 スーツ 腕時計 髪型 ビール 男性',
    '10年履ける革靴を|大人の男性に似合う腕時計、|夏のスーツの|家で注ぐビールの泡を',
    '職人に手入れを習う|予算5万円で選ぶ5本|しわを一晩で取るコツ|店の味に近づける方法',
  ),
  topic(
    'womens-life',
    'コスメ 肌 リップ メイク 美容 乾燥',
    '秋の新作コスメ、|敏感肌でも使える美容液|落ちにくいリップを|乾燥する季節の肌に',
    '売り切れ前に試したい色|編集部が1日つけて検証|洗顔のあと30秒でできること|皮膚科医が勧める順番',
  ),
  topic(
    'single-women',
    '婚活 彼氏 恋愛 結婚 独身 男性',
    '婚活を休んでみた独身女性が|3回目のデートで|既読がつかない彼氏に|結婚式の二次会で',
    '気づいた自分の本音|別れを決めた一言|友人が教えてくれた距離感|もう会わないと思った瞬間',
  ),
];

const VARIANTS = ['', '', '【独自】', '【続報】', '', '「まさか」の'];

/**
 * Invented Japanese headlines in 20 clusters and 9 categories with a 2-D map of Gaussian clouds, some confusion between
 * clusters and categories, and some noise. Depends only on its arguments.
 */
export function headlines(n: number, { noise = 0.02, seed = 7 } = {}): ReportData {
  let draw = 0;
  const random = () => philox([draw++, 0, 0, 0], seed)[0]! / 2 ** 32;
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

  const weights = TOPICS.map((_, i) => 1 / (i + 6));
  const total = weights.reduce((sum, w) => sum + w, 0);
  const topicAt = (share: number) => {
    let at = 0;
    for (let left = share * total; at < TOPICS.length - 1 && left >= weights[at]!; at++) left -= weights[at]!;
    return at;
  };
  const order = Array.from(TOPICS, (_, i) => (i * 7) % TOPICS.length);
  const centres = order.map((_, i) => {
    const angle = i * 2.399963;
    const far = 0.75 * Math.sqrt((i + 0.5) / TOPICS.length);
    return [far * Math.cos(angle), 0.72 * far * Math.sin(angle)] as const;
  });

  const documents: Document[] = [];
  const labels = new Int32Array(n);
  const distances = new Float32Array(n);
  const map = { data: new Float32Array(2 * n), rows: n, cols: 2 };
  for (let i = 0; i < n; i++) {
    const label = topicAt(random());
    const isNoise = random() < noise;
    const about = TOPICS[order[random() < 0.12 ? Math.floor(random() * TOPICS.length) : label]!]!;
    documents.push({
      id: `n${String(i + 1).padStart(4, '0')}`,
      text: `${pick(VARIANTS)}${pick(about.subjects)}${pick(about.endings)}`,
      category: about.category,
    });
    const spread = isNoise ? 0.4 : 0.075;
    const [dx, dy] = [spread * normal(), spread * normal()];
    map.data.set([centres[label]![0] + dx, centres[label]![1] + dy], 2 * i);
    labels[i] = isNoise ? -1 : label;
    distances[i] = isNoise ? Number.NaN : 0.45 + 2 * Math.hypot(dx, dy);
  }

  const clusters = order.map((at, id): Cluster => {
    const members = Array.from(labels.keys()).filter((i) => labels[i] === id);
    members.sort((a, b) => distances[a]! - distances[b]!);
    const related = TOPICS.filter(({ category }) => category === TOPICS[at]!.category).flatMap(
      (t) => t.terms,
    );
    const names = [...new Set([...TOPICS[at]!.terms, ...related])];
    return {
      id,
      size: members.length,
      terms: names.map((term, rank) => ({ term, score: 0.86 - 0.032 * rank - 0.02 * random() })),
      exemplars: members
        .slice(0, 5)
        .map((index) => ({ index, ...documents[index]!, distance: distances[index]! })),
      fit: members.length > 0 ? 0.35 + 0.6 * random() : Number.NaN,
    };
  });
  // The contract: 0 is the largest.
  const bySize = clusters.map((_, i) => i).sort((a, b) => clusters[b]!.size - clusters[a]!.size);
  const renamed = new Map(bySize.map((old, id) => [old, id]));
  for (let i = 0; i < n; i++) labels[i] = labels[i] === -1 ? -1 : renamed.get(labels[i]!)!;
  return {
    title: '日本語ニュース見出し900本のトピック',
    facts: [
      ['Input', 'headlines-ja.csv'],
      ['Documents', n.toLocaleString('en')],
      ['Model', 'builtin, 128 dimensions'],
      ['Clustering', 'k-means, 20 clusters, seed 123'],
      ['Vocabulary', '1,284 terms, min_df 18'],
      ['Device', 'cpu, avx512, 2 threads'],
      ['Created', '2025-06-14 09:32'],
    ],
    clusters: bySize.map((old, id) => ({ ...clusters[old]!, id })),
    documents,
    labels,
    distances,
    map,
    axes: ['PCA 1', 'PCA 2'],
    scores: { ari: 0.4127, nmi: 0.5862, vMeasure: 0.5862 },
    seconds: [
      ['load model', 0.31],
      ['embed', 0.62],
      ['tokenise', 2.48],
      ['tf-idf', 0.09],
      ['k-means', 0.04],
      ['name', 0.11],
      ['map', 0.02],
    ],
  };
}

const CALCULUS =
  'Chain Rule|Product Rule|Quotient Rule|Integration by Parts|Leibniz Rule|L\u2019Hôpital\u2019s Rule|Taylor Series Expansion|Newton\u2019s Method|Stirling\u2019s Approximation|Fourier Transform|Laplace Transform|Euler\u2019s Formula';
const CLASSICS =
  'Pythagorean Theorem|Fundamental Theorem of Calculus|Mean Value Theorem|Intermediate Value Theorem|Squeeze Theorem|Central Limit Theorem|Bayes\u2019 Theorem|Green\u2019s Theorem|Stokes\u2019 Theorem|Divergence Theorem|Binomial Theorem|Law of Cosines|Law of Sines|Cauchy-Schwarz Inequality';
const STRAYS = 'Quadratic Formula|De Moivre\u2019s Formula|Vieta\u2019s Formulas|Heron\u2019s Formula';

/** Names of thirty theorems in two clusters and noise, as density clustering of a UMAP map gives them. */
export function theorems(): ReportData {
  const groups = [CALCULUS, CLASSICS, STRAYS].map((list) => list.split('|'));
  const documents = groups.flat().map((text, i) => ({ id: String(i + 1), text }));
  const labels = Int32Array.from(groups.flatMap((group, at) => group.map(() => (at === 2 ? -1 : 1 - at))));
  const centres = [
    [6.2, 3.1],
    [3.4, 5],
    [4.9, 2.6],
  ] as const;
  let i = 0;
  const places = groups.flatMap((group, at) =>
    group.flatMap((_, k) => {
      const angle = 2.4 * k;
      const far = 0.28 * Math.sqrt(k + 1) * (at === 2 ? 1.7 : 1);
      return [centres[at]![0] + far * Math.cos(angle + i++), centres[at]![1] + 0.8 * far * Math.sin(angle)];
    }),
  );
  const cluster = (id: number, terms: string[]): Cluster => {
    const members = documents.filter((_, at) => labels[at] === id);
    return {
      id,
      size: members.length,
      terms: terms.map((term, rank) => ({ term, score: 0.7 - rank / 10 })),
      exemplars: members
        .slice(0, 3)
        .map((document) => ({ ...document, index: Number(document.id) - 1, distance: Number.NaN })),
      fit: 0.8,
    };
  };
  return {
    title: 'Theorems & formulas',
    facts: [['Map', 'UMAP, 5 neighbours, min dist 0.1']],
    clusters: [cluster(0, ['theorem', 'mean']), cluster(1, ['chain', 'rule'])],
    documents,
    labels,
    distances: new Float32Array(documents.length).fill(Number.NaN),
    map: { data: Float32Array.from(places), rows: documents.length, cols: 2 },
    axes: ['UMAP Component 1', 'UMAP Component 2'],
    seconds: [],
  };
}
