/** The words that scikit-learn's default pattern finds. @param {string} text @returns {string[]} */
export const words = (text) => text.toLowerCase().match(/[\p{L}\p{N}_]{2,}/gu) ?? [];
