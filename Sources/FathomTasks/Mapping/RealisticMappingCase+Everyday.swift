extension RealisticMappingCase {
  static let everydayTable = ##"""
    # address in Japan
    {"住所":{"市":"大阪市","番地":"1-2"},"名":"田中"} => {"city":"大阪市","name":"田中","country":"JP"}
    {"住所":{"市":"京都市","番地":"7-9"},"名":"佐藤"} => {"city":"京都市","name":"佐藤","country":"JP"}
    ? {"住所":{"市":"札幌市","番地":"3-3"},"名":"鈴木"} => {"city":"札幌市","name":"鈴木","country":"JP"}
    : city = ["住所"]["市"] copy
    : name = ["名"] copy
    : country = const JP
    # event with a time
    {"event":"Jazz night","when":"2024-09-14T20:00"} => {"title":"JAZZ NIGHT","day":"2024-09-14","time":"20:00"}
    {"event":"Book fair","when":"2024-10-02T09:30"} => {"title":"BOOK FAIR","day":"2024-10-02","time":"09:30"}
    ? {"event":"Été en fête","when":"2025-06-21T18:15"} => {"title":"ÉTÉ EN FÊTE","day":"2025-06-21","time":"18:15"}
    : title = event upper
    : day = when first "T"
    : time = when last "T"
    # keys with blanks
    {"First Name":"Olga","Last Name":"Smirnova","E-Mail":"OLGA@EXAMPLE.ORG"} => {"display":"Olga Smirnova","email":"olga@example.org"}
    {"First Name":"Pablo","Last Name":"Ruiz","E-Mail":"PABLO@EXAMPLE.ORG"} => {"display":"Pablo Ruiz","email":"pablo@example.org"}
    ? {"First Name":"Chloë","Last Name":"van Dijk","E-Mail":"CVD@EXAMPLE.ORG"} => {"display":"Chloë van Dijk","email":"cvd@example.org"}
    : display = ["First Name"] ["Last Name"] cat ~
    : email = E-Mail lower
    # flight
    {"flight":{"no":"LH454","from":"fra","to":"sfo"}} => {"number":"LH454","route":"fra-sfo","origin":"FRA"}
    {"flight":{"no":"BA117","from":"lhr","to":"jfk"}} => {"number":"BA117","route":"lhr-jfk","origin":"LHR"}
    ? {"flight":{"no":"QF9","from":"per","to":"lhr"}} => {"number":"QF9","route":"per-lhr","origin":"PER"}
    : number = flight.no copy
    : route = flight.from flight.to cat -
    : origin = flight.from upper
    # library loan
    {"book":{"isbn":"978-3-16-148410-0","title":"Faust"},"back":"20240520"} => {"title":"Faust","prefix":"978","due":"20.05.2024"}
    {"book":{"isbn":"979-8-40-111222-3","title":"Emma"},"back":"20240611"} => {"title":"Emma","prefix":"979","due":"11.06.2024"}
    ? {"book":{"isbn":"978-0-14-044913-6","title":"Война и мир"},"back":"20241001"} => {"title":"Война и мир","prefix":"978","due":"01.10.2024"}
    : title = book.title copy
    : prefix = book.isbn first
    : due = back date dotted
    # sensor reading
    {"sensor":"t_kitchen","v":"21.5","ok":true} => {"kind":"t","room":"kitchen","value":21.5,"valid":true}
    {"sensor":"h_cellar","v":"64","ok":false} => {"kind":"h","room":"cellar","value":64,"valid":false}
    ? {"sensor":"t_attic","v":"-3.25","ok":true} => {"kind":"t","room":"attic","value":-3.25,"valid":true}
    : kind = sensor first
    : room = sensor last
    : value = v num
    : valid = ok copy
    # school marks
    {"pupil":"Amara Diallo","mark":"1"} => {"name":"Diallo","mark":1,"school":"unknown"}
    {"pupil":"Finn Olsen","mark":"3"} => {"name":"Olsen","mark":3,"school":"unknown"}
    ? {"pupil":"Žofie Nováková","mark":"2"} => {"name":"Nováková","mark":2,"school":"unknown"}
    : name = pupil last
    : mark = mark num
    : school = const unknown
    # car registration
    {"car":{"plate":"b-mw 1234","first":"12.04.2018"}} => {"plate":"B-MW 1234","registered":"2018-04-12"}
    {"car":{"plate":"hh-xy 99","first":"01.09.2020"}} => {"plate":"HH-XY 99","registered":"2020-09-01"}
    ? {"car":{"plate":"m-üa 7","first":"23.11.2022"}} => {"plate":"M-ÜA 7","registered":"2022-11-23"}
    : plate = car.plate upper
    : registered = car.first date
    # recipe
    {"recipe":{"name":"Crème brûlée","portions":4,"tags":["dessert","french"]}} => {"title":"Crème brûlée","yield":"4","tag":"french"}
    {"recipe":{"name":"Pad Thai","portions":2,"tags":["main","thai"]}} => {"title":"Pad Thai","yield":"2","tag":"thai"}
    ? {"recipe":{"name":"Köttbullar","portions":6,"tags":["main","swedish"]}} => {"title":"Köttbullar","yield":"6","tag":"swedish"}
    : title = recipe.name copy
    : yield = recipe.portions text
    : tag = recipe.tags[1] copy
    # coordinates
    {"geo":"52.52,13.40","place":"Berlin"} => {"lat":"52.52","lon":"13.40","label":"Berlin"}
    {"geo":"48.85,2.35","place":"Paris"} => {"lat":"48.85","lon":"2.35","label":"Paris"}
    ? {"geo":"-33.87,151.21","place":"Sydney"} => {"lat":"-33.87","lon":"151.21","label":"Sydney"}
    : lat = geo first ,
    : lon = geo last ,
    : label = place copy
    # log line
    {"log":"warn|disk|90","host":"db-1"} => {"level":"warn","topic":"disk","host":"DB-1"}
    {"log":"info|boot|0","host":"web-4"} => {"level":"info","topic":"boot","host":"WEB-4"}
    ? {"log":"error|net|17","host":"mx-2"} => {"level":"error","topic":"net","host":"MX-2"}
    : level = log first
    : topic = log split 2
    : host = host upper
    # nickname or name
    {"profile":{"name":"Roberta","nick":"Bobbie"}} => {"shown":"Bobbie"}
    {"profile":{"name":"Wanjiru","nick":"none"}} => {"shown":"Wanjiru"}
    {"profile":{"name":"Tadeusz","nick":"Tadek"}} => {"shown":"Tadek"}
    ? {"profile":{"name":"Eszter","nick":"none"}} => {"shown":"Eszter"}
    : shown = profile.name if profile.nick is none else profile.nick
    # parcel size
    {"p":{"w":30,"h":20,"unit":"CM"}} => {"box":"30x20","unit":"cm"}
    {"p":{"w":45,"h":15,"unit":"CM"}} => {"box":"45x15","unit":"cm"}
    ? {"p":{"w":8,"h":120,"unit":"MM"}} => {"box":"8x120","unit":"mm"}
    : box = p.w p.h cat "x"
    : unit = p.unit lower
    # membership card of a club
    {"card":{"id":"SV-0815","joined":"04/30/2011"},"holder":"Ó Briain"} => {"club":"SV","member":"0815","since":"20110430","name":"Ó BRIAIN"}
    {"card":{"id":"FC-4242","joined":"11/02/1998"},"holder":"Haddad"} => {"club":"FC","member":"4242","since":"19981102","name":"HADDAD"}
    ? {"card":{"id":"TC-0007","joined":"02/29/2020"},"holder":"Škoda"} => {"club":"TC","member":"0007","since":"20200229","name":"ŠKODA"}
    : club = card.id first
    : member = card.id last
    : since = card.joined date basic
    : name = holder upper
    # emoji and mixed scripts
    {"msg":{"who":"Ayşe 🌷","room":"γενικά"}} => {"from":"Ayşe 🌷","channel":"ΓΕΝΙΚΆ"}
    {"msg":{"who":"Bao 🐢","room":"новости"}} => {"from":"Bao 🐢","channel":"НОВОСТИ"}
    ? {"msg":{"who":"Kofi 👨‍👩‍👧","room":"été"}} => {"from":"Kofi 👨‍👩‍👧","channel":"ÉTÉ"}
    : from = msg.who copy
    : channel = msg.room upper
    """##
}
