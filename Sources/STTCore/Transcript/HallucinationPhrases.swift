/// The phrases of ``KnownHallucinations``. Case, punctuation and spaces do not matter.
enum HallucinationPhrases {
    /// Whole lines.
    static let credits = [
        "Transcription by CastingWords", "Transcribed by otter.ai", "Subs by www.zeoranger.co.uk",
        "Copyright Australian Broadcasting Corporation", "Satsang with Mooji", "Deutsche Bibelgesellschaft",
        "SWR 2020", "SWR 2021", "Más información www.alimmenta.com", "Yayın Yönetmeni", "Hội Nhạc Việt Nam",
        "Редактор субтитров А.Синецкая Корректор А.Егорова", "Корректор А.Егорова", "Редактор субтитров",
        "请不吝点赞 订阅 转发 打赏支持明镜与点点栏目", "請不吝點贊訂閱轉發打賞支持明鏡與點點欄目",
        "明镜需要您的支持 欢迎订阅明镜", "优优独播剧场 YoYo Television Series Exclusive", "中文字幕志愿者申请",
    ]

    /// Anywhere in a short line.
    static let creditMarks = [
        "amara.org", "mooji.org", "zeoranger", "otter.ai", "sous-titreur.com", "SousTitreur", "esoinsight",
        "castingwords", "alimmenta", "multi-moto.eu", "DimaTorzok", "QTSS", "im Auftrag des ZDF",
        "Untertitelung des ZDF",
        "Stephanie Geiges", "Untertitel der Deutschen Welle", "Copyright WDR", "Sous-titrage ST", "Sous-titrage FR",
        "Sous-titrage Société Radio-Canada", "明镜与点点", "字幕志愿者", "字幕製作", "字幕制作", "MBC 뉴스",
        "SteamTeamExtra",
    ]

    /// At the start of a short line.
    static let creditStarts = [
        "Subtitles by", "Subtitled by", "Captions by", "Captioned by", "Closed captioning by", "Transcribed by",
        "Untertitel von", "Untertitel im Auftrag", "Untertitelung", "Sous-titres réalisés", "Sous-titres par",
        "Sous-titrage", "Sottotitoli e revisione", "Sottotitoli creati", "Sottotitoli a cura", "Subtítulos realizados",
        "Subtítulos por", "Subtítulos creados", "Subtitulado por", "Legendas pela", "Legendado por",
        "Transcrição e Legendas", "Napisy stworzone", "Napisy wykonane", "Tłumaczenie i napisy", "Ondertiteld door",
        "Ondertitels ingediend", "Ondertiteling door", "Undertekster av", "Undertekster af", "Undertexter från",
        "Textning", "Tekstitys", "Субтитры сделал", "Субтитры делал", "Субтитры создавал", "Субтитры подготов",
        "Субтитри", "Altyazı M.K", "Titulky vytvořil", "字幕by", "字幕提供", "字幕由", "中文字幕由", "자막 제공", "자막 by",
        "ترجمة نانسي", "Phụ đề được thực hiện",
    ]

    /// Whole lines.
    static let signOffs =
        [
            "Thanks for watching", "Thank you for watching", "Thank you so much for watching",
            "Thanks so much for watching", "Thank you for watching this video", "Thanks for watching this video",
            "Thank you for watching and I'll see you next time", "Thanks for watching and I'll see you next time",
            "I'll see you next time", "See you next time", "See you in the next video",
            "I'll see you in the next video",
            "I'll see you in the next one", "Thank you for listening", "Thanks for listening",
            "Thank you for your attention", "Please subscribe", "Please subscribe to my channel",
            "Subscribe to my channel", "Subscribe to the channel", "Like and subscribe", "Please like and subscribe",
            "Don't forget to subscribe", "Don't forget to like and subscribe",
            "Don't forget to like, share and subscribe",
            "Hit the like button", "To be continued", "The end",
        ] + [
            "Vielen Dank fürs Zuschauen", "Danke fürs Zuschauen", "Vielen Dank für's Zuschauen",
            "Vielen Dank fürs Zuhören", "Vielen Dank für Ihre Aufmerksamkeit", "Danke für eure Aufmerksamkeit",
            "Bis zum nächsten Mal", "Bis zum nächsten Video", "Abonniert den Kanal",
            "Merci d'avoir regardé", "Merci d'avoir regardé cette vidéo", "Merci d'avoir regardé la vidéo",
            "N'oubliez pas de vous abonner", "N'hésitez pas à vous abonner", "Abonnez-vous", "À la prochaine",
            "À bientôt pour une nouvelle vidéo", "Gracias por ver el video", "Gracias por ver este video",
            "Gracias por ver", "Gracias por su atención", "Suscríbete", "Suscríbete al canal",
            "No olvides suscribirte", "Hasta la próxima", "¡Suscríbete y activa la campanita!",
            "Grazie per aver guardato", "Grazie per aver guardato il video", "Grazie per la visione",
            "Grazie per l'attenzione", "Iscrivetevi al canale", "Alla prossima", "Obrigado por assistir",
            "Obrigada por assistir", "Obrigado por assistirem", "Se inscreva no canal", "Inscreva-se no canal",
            "Até a próxima", "Não se esqueça de se inscrever", "Bedankt voor het kijken", "Tot de volgende keer",
            "Dziękuję za uwagę", "Dziękuję za oglądanie", "Dzięki za oglądanie", "Do zobaczenia",
            "Tack för att ni tittade",
            "Tack för att du tittade", "Takk for at du så på", "Tak fordi du så med", "Kiitos kun katsoit",
            "Děkuji za sledování", "Köszönöm, hogy megnézte", "Mulțumesc pentru vizionare",
            "Vă mulțumesc pentru vizionare",
        ] + [
            "Спасибо за просмотр", "Спасибо за внимание", "Продолжение следует", "Подписывайтесь на канал",
            "Подпишись на канал", "До новых встреч", "Дякую за перегляд", "İzlediğiniz için teşekkür ederim",
            "İzlediğiniz için teşekkürler", "Abone olmayı unutmayın", "شكرا على المشاهدة", "شكرا للمشاهدة",
            "اشتركوا في القناة", "देखने के लिए धन्यवाद", "Cảm ơn các bạn đã theo dõi",
            "Hãy subscribe cho kênh Ghiền Mì Gõ Để không bỏ lỡ những video hấp dẫn", "Terima kasih telah menonton",
            "ご視聴ありがとうございました", "ご視聴ありがとうございます", "ご覧いただきありがとうございます",
            "最後までご視聴いただきありがとうございます", "チャンネル登録お願いします", "チャンネル登録よろしくお願いします",
            "チャンネル登録をお願いいたします", "高評価お願いします", "また次の動画でお会いしましょう", "また次回",
            "おやすみなさい", "시청해주셔서 감사합니다", "시청해 주셔서 감사합니다", "구독과 좋아요 부탁드립니다",
            "다음 영상에서 만나요", "谢谢观看", "謝謝觀看", "感谢观看", "感謝觀看", "谢谢大家观看", "谢谢收看", "謝謝收看",
            "下次再见", "下期再见", "请订阅", "由 Amara.org 社群提供的字幕",
        ]

    /// Whole lines.
    static let fillers = [
        "you", "Thank you", "Thank you very much", "Thank you so much", "Thanks", "Bye", "Bye bye", "Okay", "Oh", "So",
        "Hmm", "Mm", "Uh", "Um", "Yeah", "I'm sorry", "The", "I", "Good night", "We'll be right back", "Danke",
        "Vielen Dank", "Tschüss", "Merci", "Merci beaucoup", "Au revoir", "Gracias", "Muchas gracias", "Grazie",
        "Ciao", "Obrigado", "Obrigada", "Tchau", "Bedankt", "Dziękuję", "Dzięki", "Tack", "Takk", "Tak", "Kiitos",
        "Спасибо", "Дякую", "Пока", "Teşekkürler", "شكرا", "धन्यवाद", "ありがとうございました", "ありがとうございます",
        "ありがとう", "감사합니다", "谢谢", "謝謝", "谢谢大家", "拜拜",
    ]
}
